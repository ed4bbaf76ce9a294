import { toDisplayString } from 'vue';
import type { MessageContext } from 'vue-i18n';

export type Message = (context: MessageContext) => string;
export type MessageTree = Message | { [key: string]: MessageTree };

/**
 * Makes messages of their texts: `{name}` stands for a value, ` | ` separates singular and plural. vue-i18n's own compiler knows more
 * (links, modifiers, lists, literals), which none of our texts uses, and would be a thirtieth of all code of a conversation; it is
 * left out of the build (vite.config.ts).
 */
export function compileMessages(texts: unknown): MessageTree {
  if (typeof texts === 'string') return compileMessage(texts);
  return Object.fromEntries(Object.entries(texts as object).map(([key, inner]) => [key, compileMessages(inner)]));
}

export function compileMessage(text: string): Message {
  const cases = text.split('|').map((one) => one.trim().split(/\{(\w+)\}/));
  return (context) => {
    const filled = cases.map((parts) =>
      // Every second part is a name.
      parts.map((part, index) => (index % 2 === 0 ? part : toDisplayString(context.named(part)))).join(''),
    );
    return filled.length === 1 ? (filled[0] ?? '') : context.plural(filled);
  };
}
