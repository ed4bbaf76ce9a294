import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** The editor in the page's colours. They are variables, so a change of theme needs no new editor. */
export const look: Extension = [
  EditorView.theme({
    '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'transparent', fontSize: '13px' },
    '&.cm-focused': { outline: 'none' },
    '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '20px', fontVariantLigatures: 'none' },
    '.cm-content': { padding: '8px 0', caretColor: 'var(--accent)' },
    '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--ink-faint)', border: 'none' },
    '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
    '.cm-cursor': { borderLeftColor: 'var(--accent)' },
    '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
      backgroundColor: 'color-mix(in srgb, var(--accent) 24%, transparent)',
    },
    '.cm-panels': { backgroundColor: 'var(--raised)', color: 'var(--ink)' },
    '.cm-panels input, .cm-panels button': {
      backgroundImage: 'none',
      backgroundColor: 'var(--surface)',
      color: 'var(--ink)',
      border: '1px solid var(--line-strong)',
      borderRadius: '6px',
    },
    '.cm-searchMatch': { backgroundColor: 'var(--warning-soft)' },
    '.cm-tooltip': { backgroundColor: 'var(--raised)', border: '1px solid var(--line)', borderRadius: '6px' },
    // The merge view's own colours know no dark theme.
    '.cm-deletedChunk, &.cm-merge-a .cm-changedLine': { backgroundColor: 'var(--danger-soft) !important' },
    '&.cm-merge-b .cm-changedLine, .cm-insertedLine, &.cm-merge-b .cm-inlineChangedLine': {
      backgroundColor: 'var(--success-soft) !important',
    },
    '&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText': {
      background: 'color-mix(in srgb, var(--danger) 26%, transparent) !important',
    },
    '&.cm-merge-b .cm-changedText': { background: 'color-mix(in srgb, var(--success) 26%, transparent) !important' },
    '.cm-changeGutter': { width: '3px', paddingLeft: '0' },
    '&.cm-merge-a .cm-changedLineGutter, .cm-deletedLineGutter': { background: 'var(--danger) !important' },
    '&.cm-merge-b .cm-changedLineGutter': { background: 'var(--success) !important' },
    '.cm-collapsedLines': { color: 'var(--ink-soft)', background: 'var(--sunken) !important', padding: '4px 12px' },
  }),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: [tags.comment, tags.meta], color: 'var(--ink-faint)', fontStyle: 'italic' },
      {
        tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.controlKeyword],
        color: 'light-dark(#8a3a8f, #d79bdc)',
      },
      { tag: [tags.string, tags.special(tags.string), tags.regexp], color: 'var(--success)' },
      { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--warning)' },
      {
        tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.labelName],
        color: 'light-dark(#1d5fa8, #7fb2f0)',
      },
      { tag: [tags.typeName, tags.className, tags.tagName, tags.namespace], color: 'var(--accent)' },
      { tag: [tags.propertyName, tags.attributeName], color: 'light-dark(#1d5fa8, #a5caf6)' },
      { tag: [tags.punctuation, tags.bracket, tags.operator], color: 'var(--ink-soft)' },
      { tag: tags.heading, fontWeight: '600' },
      { tag: tags.strong, fontWeight: '600' },
      { tag: tags.emphasis, fontStyle: 'italic' },
      { tag: tags.link, color: 'var(--accent)', textDecoration: 'underline' },
      { tag: tags.invalid, color: 'var(--danger)' },
    ]),
  ),
];
