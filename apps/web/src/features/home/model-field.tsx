import { useQuery } from '@tanstack/react-query';
import { Cpu } from 'lucide-react';
import { systemQuery } from '../settings/api/get-system.js';
import { TextChip } from './text-chip.js';

interface ModelFieldProps {
  value: string;
  onChange: (model: string) => void;
  invalid: boolean;
}

/** The model; with the demo there is none to choose. */
export function ModelField(props: ModelFieldProps) {
  const { data: system } = useQuery(systemQuery);
  if (!system || system.model_source === 'demo') return null;
  return (
    <TextChip
      {...props}
      name="Model"
      icon={Cpu}
      fallback={system.default_model ?? 'Default model'}
      placeholder={system.default_model ?? 'gpt-5-codex'}
      hint="Left empty: the model that your operator set, or Codex's own default."
    />
  );
}
