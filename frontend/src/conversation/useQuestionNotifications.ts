import { watch } from 'vue';
import { useI18n } from 'vue-i18n';
import { useSession } from '../session/useSession.ts';

/** Tells somebody who looks elsewhere that the agent waits: in the tab's title, and by a notification where that is allowed. */
export function useQuestionNotifications(): void {
  const { t } = useI18n();
  const session = useSession();
  watch(
    () => session.state.openQuestions.at(-1),
    (question, before) => {
      if (!question || question.questionId === before?.questionId || !document.hidden) return;
      if (!('Notification' in globalThis) || Notification.permission !== 'granted') return;
      const notification = new Notification(t('chat.question.notify'), {
        body: question.text.slice(0, 200),
        // A reload must not tell it twice.
        tag: question.questionId,
      });
      notification.onclick = () => {
        window.focus();
        notification.close();
      };
    },
  );
}
