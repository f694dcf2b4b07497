import { HighlightStyle, LanguageDescription, syntaxHighlighting } from '@codemirror/language';
import { languages } from '@codemirror/language-data';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { basicSetup } from 'codemirror';
import { useEffect, useEffectEvent, useRef } from 'react';

/** As the diffs: GitHub's colours. The page's `color-scheme` chooses. */
const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword], color: 'light-dark(#a0111f, #ff7b72)' },
  { tag: [tags.string, tags.regexp], color: 'light-dark(#032563, #a5d6ff)' },
  { tag: [tags.comment, tags.meta], color: 'light-dark(#545d67, #a5adb6)' },
  { tag: [tags.number, tags.bool, tags.null, tags.propertyName], color: 'light-dark(#023b95, #79c0ff)' },
  { tag: [tags.function(tags.variableName), tags.className], color: 'light-dark(#622cbc, #d2a8ff)' },
  { tag: [tags.typeName, tags.tagName], color: 'light-dark(#024c1a, #7ee787)' },
  { tag: [tags.heading, tags.strong], fontWeight: '600' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.link, textDecoration: 'underline' },
]);

const LOOKS = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--card)', color: 'var(--foreground)', fontSize: '12px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '20px' },
  '.cm-content': { caretColor: 'var(--foreground)' },
  '.cm-cursor': { borderLeftColor: 'var(--foreground)' },
  '.cm-gutters': {
    backgroundColor: 'var(--card)',
    color: 'var(--subtle-foreground)',
    borderRight: '1px solid var(--border)',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selected)',
  },
  '.cm-panels': { backgroundColor: 'var(--muted)', color: 'var(--foreground)' },
});

/** Lines end as in the file, byte for byte. In a file with both kinds of ends, a return is a character of its line. */
function lineEnds(text: string): Extension {
  const count = (what: RegExp) => text.match(what)?.length ?? 0;
  const returns = count(/\r/g);
  if (returns === 0) return [];
  const isWindows = returns === count(/\r\n/g) && returns === count(/\n/g);
  return EditorState.lineSeparator.of(isWindows ? '\r\n' : '\n');
}

interface CodeEditorProps {
  path: string;
  /** The text at first. */
  text: string;
  label: string;
  onChange: (text: string) => void;
  onSave: () => void;
}

/** A text in an editor, in the colours of its language. Tab leaves it. */
export function CodeEditor({ path, text, label, onChange, onSave }: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const changed = useEffectEvent(onChange);
  const save = useEffectEvent(onSave);
  const start = useEffectEvent(() => ({ path, text, label }));
  useEffect(() => {
    if (!host.current) return;
    const { path: name, text: doc, label: ariaLabel } = start();
    const language = new Compartment();
    const saveNow = () => {
      save();
      return true;
    };
    const view = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc,
        extensions: [
          lineEnds(doc),
          keymap.of([{ key: 'Mod-s', preventDefault: true, run: saveNow }]),
          basicSetup,
          syntaxHighlighting(COLOURS),
          LOOKS,
          language.of([]),
          EditorView.contentAttributes.of({ 'aria-label': ariaLabel, tabindex: '0' }),
          EditorView.updateListener.of(({ docChanged, state }) => {
            if (docChanged) changed(state.sliceDoc());
          }),
        ],
      }),
    });
    view.focus();
    // Colours are no reason to fail.
    void LanguageDescription.matchFilename(languages, name)
      ?.load()
      .then((support) => view.dispatch({ effects: language.reconfigure(support) }))
      .catch(() => undefined);
    return () => view.destroy();
  }, []);
  return <div ref={host} className="h-full min-h-0 overflow-hidden" />;
}
