import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { copyText } from '../lib/copy-text.js';
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
