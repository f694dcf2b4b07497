import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { withoutEscapes } from '../lib/escape-sequences.js';
import { IconButton } from './icon-button.js';

interface CopyButtonProps {
  text: string | (() => string);
  label?: string;
  className?: string;
}

/** Copies a text as it is seen, and confirms it for a moment. */
export function CopyButton({ text, label = 'Copy', className }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_600);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () =>
    setCopied(await copyText(withoutEscapes(typeof text === 'string' ? text : text())));
  return (
    <IconButton label={copied ? 'Copied' : label} size="sm" className={className} onClick={() => void copy()}>
      {copied ? <Check className="text-success" /> : <Copy />}
    </IconButton>
  );
}

/** Copies a text. Plain-http addresses other than localhost have no clipboard API, so it falls back to a selection. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  field.style.opacity = '0';
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  return copied;
}
