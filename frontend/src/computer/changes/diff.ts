import { MergeView, unifiedMergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { minimalSetup } from 'codemirror';
import { languageOf } from '../editor/language.ts';
import { look } from '../editor/look.ts';

export interface DiffOptions {
  parent: HTMLElement;
  name: string;
  before: string;
  after: string;
  /** Two columns; else one, with what was removed above what came. */
  sideBySide: boolean;
  labels: { before: string; after: string };
}

/** Shows what changed in a file; long unchanged parts are folded. @returns how to take it away */
export async function openDiff({ parent, name, before, after, sideBySide, labels }: DiffOptions): Promise<() => void> {
  const language = await languageOf(name);
  const shared = (label: string) => [
    minimalSetup,
    lineNumbers(),
    look,
    language,
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
  ];
  const collapseUnchanged = { margin: 3, minSize: 6 };
  // In a file that is all new or all gone every character would be marked.
  const highlightChanges = before !== '' && after !== '';
  if (sideBySide) {
    const view = new MergeView({
      parent,
      a: { doc: before, extensions: shared(labels.before) },
      b: { doc: after, extensions: shared(labels.after) },
      collapseUnchanged,
      highlightChanges,
      gutter: true,
    });
    return () => view.destroy();
  }
  const view = new EditorView({
    parent,
    doc: after,
    extensions: [
      ...shared(labels.after),
      unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged, highlightChanges, gutter: true }),
    ],
  });
  return () => view.destroy();
}
