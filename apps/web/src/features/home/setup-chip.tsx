import { Hammer } from 'lucide-react';
import {
  NO_SETUP,
  scriptTitle,
  type SetupDraft,
  setupErrors,
} from '../../entities/environment/setup-draft.js';
import { SetupFields } from '../../entities/environment/setup-fields.js';
import { Button } from '../../shared/ui/button.js';
import { toastUndo } from '../../shared/ui/toast.js';
import { ChipField, type DraftChipProps } from './chip-field.js';

/** The script that prepares the workspace. It is part of the draft as it is typed. */
export function SetupChip({
  value,
  onChange,
  open,
  onOpenChange,
  refused,
  invalid,
}: DraftChipProps<SetupDraft>) {
  const errors = { ...setupErrors(value), ...refused };
  const wrong = Object.keys(errors).length > 0;
  const script = scriptTitle(value.script);
  const clear = () => {
    onChange(NO_SETUP);
    toastUndo('Setup script cleared', script, () => onChange(value));
  };
  return (
    <ChipField
      name="Setup script"
      icon={Hammer}
      text={script || 'No setup'}
      muted={!script}
      invalid={invalid || (wrong && !open)}
      wide
      open={open}
      onOpenChange={onOpenChange}
    >
      <div className="p-3.5">
        <SetupFields value={value} onChange={onChange} errors={errors} />
        <div className="mt-3.5 flex justify-end gap-2">
          {script && (
            <Button size="sm" variant="ghost" onClick={clear}>
              Clear
            </Button>
          )}
          <Button size="sm" variant="primary" onClick={() => onOpenChange(false)}>
            Done
          </Button>
        </div>
      </div>
    </ChipField>
  );
}
