import { Compartment, EditorState } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { basicSetup } from 'codemirror';
import { languageOf } from './language.ts';
import { look } from './look.ts';

export interface EditorOptions {
  parent: HTMLElement;
  /** Chooses the language. */
  name: string;
  text: string;
  readOnly: boolean;
  label: string;
  onChange?: (text: string) => void;
  onSave?: () => void;
}

export interface Editor {
  text(): string;
  setText(text: string): void;
  setReadOnly(readOnly: boolean): void;
  focus(): void;
  close(): void;
}

/** A CodeMirror of one file. Loaded with everything it needs when the first file is looked at. */
export async function openEditor({
  parent,
  name,
  text,
  readOnly,
  label,
  onChange,
  onSave,
}: EditorOptions): Promise<Editor> {
  const writing = new Compartment();
  const access = (locked: boolean) => [EditorState.readOnly.of(locked), EditorView.editable.of(!locked)];
  const language = await languageOf(name);
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        basicSetup,
        look,
        language,
        writing.of(access(readOnly)),
        // A document that cannot be edited must still be reachable by keyboard, to be scrolled and searched.
        EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
        keymap.of([
          {
            key: 'Mod-s',
            run: () => {
              onSave?.();
              return true;
            },
          },
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange?.(update.state.doc.toString());
        }),
        ...lineSeparatorOf(text),
      ],
    }),
  });
  return {
    text: () => view.state.sliceDoc(),
    setText: (next) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } }),
    setReadOnly: (locked) => view.dispatch({ effects: writing.reconfigure(access(locked)) }),
    focus: () => view.focus(),
    close: () => view.destroy(),
  };
}

/** Without this, saving a file of Windows would change every line of it. */
const lineSeparatorOf = (text: string) =>
  /\r\n/.test(text) && !/[^\r]\n/.test(text) ? [EditorState.lineSeparator.of('\r\n')] : [];
