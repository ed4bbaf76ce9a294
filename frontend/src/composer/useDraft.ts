import { ref } from 'vue';
import { defineStore } from 'pinia';
import type { Attachment } from '@sandpiper/protocol';

export interface ComposerDraft {
  text: string;
  attachments: Attachment[];
}

const NEW = 'new';

/** What is being written, by session, so that looking into another conversation loses nothing. */
export const useDraft = defineStore('draft', () => {
  const drafts = ref<Record<string, ComposerDraft>>({});

  /** The draft of a session, or of the one that does not exist yet. */
  function of(sessionId: string | null): ComposerDraft {
    const key = sessionId ?? NEW;
    return (drafts.value[key] ??= { text: '', attachments: [] });
  }

  function clear(sessionId: string | null): void {
    drafts.value[sessionId ?? NEW] = { text: '', attachments: [] };
  }

  /** Puts a message back for editing, in front of what is being written. */
  function restore(sessionId: string | null, { text, attachments }: ComposerDraft): void {
    const held = of(sessionId);
    held.text = [text, held.text].filter(Boolean).join('\n\n');
    held.attachments = [...attachments, ...held.attachments];
  }

  return { drafts, of, clear, restore };
});
