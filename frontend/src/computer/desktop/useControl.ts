import { computed, ref } from 'vue';
import type { ComputedRef, Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { ApiError, sentenceOf } from '../../api/client.ts';
import { useToasts } from '../../design/useToasts.ts';
import { useSession } from '../../session/useSession.ts';
import { useAccount } from '../../sign-in/useAccount.ts';
import { releaseControl, takeControl } from '../computer-api.ts';
import { controlViewOf } from './control-view.ts';
import type { ControlView } from './control-view.ts';

export interface Control {
  view: ComputedRef<ControlView>;
  busy: Readonly<Ref<boolean>>;
  /** Takes control for this tab; `force` from whoever has it. */
  take(force?: boolean): Promise<void>;
  release(): Promise<void>;
}

/** Taking over the computer and handing it back. Who has control is told by the log, never assumed. */
export function useControl(): Control {
  const session = useSession();
  const account = useAccount();
  const toasts = useToasts();
  const { t } = useI18n();
  const busy = ref(false);

  const view = computed(() => controlViewOf(session.state.control, session.viewerId, account.user?.id));

  async function attempt(change: (sessionId: string) => Promise<unknown>): Promise<void> {
    const sessionId = session.id;
    if (sessionId === null || busy.value) return;
    busy.value = true;
    try {
      await change(sessionId);
    } catch (error) {
      const held = error instanceof ApiError && error.code === 'CONTROL_HELD';
      toasts.show({ text: held ? t('computer.control.heldNow') : sentenceOf(error), tone: held ? 'plain' : 'danger' });
    } finally {
      busy.value = false;
    }
  }

  return {
    view,
    busy,
    take: (force = false) => attempt((sessionId) => takeControl(sessionId, session.viewerId, force)),
    release: () => attempt((sessionId) => releaseControl(sessionId, session.viewerId)),
  };
}
