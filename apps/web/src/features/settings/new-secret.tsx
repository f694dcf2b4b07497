import { type FormEvent, useState } from 'react';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { TextField } from '../../shared/ui/text-field.js';
import { useCreateSecret } from './api/secrets.js';
import { nameError, SecretValueField, valueError } from './secret-value-field.js';

/** Saves a secret. Its value is gone from the page as soon as it is saved. */
export function NewSecret() {
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const create = useCreateSecret();
  const errors = { name: nameError(name), value: valueError(value) };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(
      { name, value },
      {
        onSuccess: () => {
          setName('');
          setValue('');
          create.reset();
        },
      },
    );
  };
  return (
    <form onSubmit={submit} aria-label="New secret" className="space-y-3 py-3">
      <TextField
        label="Name"
        placeholder="NPM_TOKEN"
        maxLength={100}
        autoComplete="off"
        spellCheck={false}
        value={name}
        onChange={(event) => setName(event.target.value)}
        className="[&_input]:font-mono"
        {...(errors.name && { error: errors.name })}
      />
      <SecretValueField
        label="Value"
        value={value}
        onChange={setValue}
        error={errors.value}
        hint="At least 8 characters, in one or more lines. It is kept exactly as you paste it."
      />
      {create.error && <ErrorNotice error={create.error} />}
      <Button
        variant="primary"
        type="submit"
        busy={create.isPending}
        disabled={!name || !value || Boolean(errors.name ?? errors.value)}
      >
        Save secret
      </Button>
    </form>
  );
}
