import { MICRO_USD, type Model, type ModelPrice, type Models, ModelName } from '@saas-codex/contracts/models';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { modelsQuery } from '../../shared/api/list-models.js';
import { usePermission } from '../../shared/api/use-permission.js';
import { cx } from '../../shared/lib/cx.js';
import { Button } from '../../shared/ui/button.js';
import { ErrorNotice } from '../../shared/ui/error-notice.js';
import { Skeleton } from '../../shared/ui/skeleton.js';
import { TextField } from '../../shared/ui/text-field.js';
import { toastError } from '../../shared/ui/toast.js';
import { useUpdateModels } from './api/limits.js';
import { ModelServerSection } from './model-server-section.js';
import { Section } from './section.js';

/** Who serves models, which of them may be used, and what they cost. */
export const ModelsPage = () => (
  <>
    <ModelServerSection />
    <ModelsSection />
  </>
);

function ModelsSection() {
  const { data, error, refetch } = useQuery(modelsQuery);
  const mayChange = usePermission('models:manage');
  return (
    <Section title="Models and prices">
      {!data && !error && <Skeleton className="my-3 h-24" />}
      {!data && error && <ErrorNotice error={error} onRetry={() => void refetch()} className="my-3" />}
      {data && <Allowed models={data} mayChange={mayChange} />}
      {data && <PriceHeader mayChange={mayChange} />}
      {data?.items.map((model) => (
        <ModelRow key={model.model} model={model} models={data} mayChange={mayChange} />
      ))}
      {data && mayChange && <OtherModel />}
      {data && (
        <p className="py-3 text-xs text-muted-foreground">
          US dollars per million tokens, as looked up on{' '}
          {new Date(data.price_list_date).toLocaleDateString(undefined, { timeZone: 'UTC' })}. Check them with
          your provider.
        </p>
      )}
    </Section>
  );
}

interface ModelsProps {
  models: Models;
  mayChange: boolean;
}

function Allowed({ models: { allowed, items }, mayChange }: ModelsProps) {
  const update = useUpdateModels();
  const change = (next: string[] | null) => update.mutate({ allowed: next }, { onError: toastError });
  return (
    <label className="flex items-center gap-2 py-3 text-sm pointer-coarse:min-h-11">
      <input
        type="checkbox"
        checked={allowed === null}
        disabled={!mayChange || update.isPending}
        onChange={({ target }) => change(target.checked ? null : items.map(({ model }) => model))}
      />
      Every model may be used, also those that are not listed here
    </label>
  );
}

function ModelRow({ model, models: { allowed }, mayChange }: ModelsProps & { model: Model }) {
  const [editing, setEditing] = useState(false);
  const update = useUpdateModels();
  const { model: name, price } = model;
  const allow = (on: boolean) => {
    const others = (allowed ?? []).filter((one) => one !== name);
    update.mutate({ allowed: on ? [...others, name] : others }, { onError: toastError });
  };
  const isLast = allowed?.length === 1 && model.allowed;
  return (
    <div className="py-2">
      <div className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-1">
        <label className="flex min-w-40 flex-1 items-center gap-2 text-sm pointer-coarse:min-h-11">
          {allowed !== null && (
            <input
              type="checkbox"
              aria-label={`Allow ${name}`}
              checked={model.allowed}
              disabled={!mayChange || update.isPending || isLast}
              onChange={({ target }) => allow(target.checked)}
            />
          )}
          <code className="font-mono text-xs [overflow-wrap:anywhere]">{name}</code>
        </label>
        {model.price_source === 'organisation' && (
          <span className="text-xs text-muted-foreground">Your price</span>
        )}
        <Price price={price} />
        {mayChange && (
          <Button
            size="sm"
            aria-label={`Change the price of ${name}`}
            onClick={() => setEditing(true)}
            className={cx('w-18', editing && 'invisible max-sm:hidden')}
          >
            Change
          </Button>
        )}
      </div>
      {editing && <PriceForm model={model} onClose={() => setEditing(false)} />}
    </div>
  );
}

const KINDS = [
  ['input', 'Input'],
  ['cached_input', 'Cached input'],
  ['output', 'Output'],
] as const;

/** As wide as the prices below it. A phone shows these words in each row instead. */
const PriceHeader = ({ mayChange }: { mayChange: boolean }) => (
  <div aria-hidden className="flex justify-end gap-3 py-2 max-sm:hidden">
    <PriceColumns>
      {KINDS.map(([kind, label]) => (
        <span key={kind} className="text-xs">
          {label}
        </span>
      ))}
    </PriceColumns>
    {mayChange && <span className="w-18" />}
  </div>
);

const PriceColumns = ({ children }: { children: ReactNode }) => (
  <span className="flex gap-x-3 text-sm text-muted-foreground tabular-nums sm:grid sm:grid-cols-[4rem_5.5rem_4rem] sm:text-right">
    {children}
  </span>
);

function Price({ price }: { price: ModelPrice | null }) {
  if (price === null) return <span className="text-sm text-muted-foreground">Price not known</span>;
  return (
    <PriceColumns>
      {KINDS.map(([kind, label]) => (
        <span key={kind}>
          <span className="mr-1 text-xs sm:sr-only">{label}</span>
          {usd(price[kind])}
        </span>
      ))}
    </PriceColumns>
  );
}

/** With cents, and with more digits where a price has them. */
const usd = (micro: number): string =>
  `$${(micro / MICRO_USD).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 6 })}`;

/** A model that the price list does not have. */
function OtherModel() {
  const [name, setName] = useState('');
  const [adding, setAdding] = useState<string | null>(null);
  if (adding !== null) {
    const model: Model = { model: adding, allowed: true, price: null, price_source: null };
    return (
      <div className="py-2">
        <code className="font-mono text-xs">{adding}</code>
        <PriceForm model={model} onClose={() => setAdding(null)} />
      </div>
    );
  }
  const isName = ModelName.safeParse(name.trim()).success;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAdding(name.trim());
    setName('');
  };
  return (
    <form onSubmit={submit} className="flex items-end gap-2 py-3">
      <TextField
        label="Another model"
        placeholder="its name"
        className="flex-1"
        value={name}
        onChange={({ target }) => setName(target.value)}
      />
      <Button type="submit" disabled={!isName}>
        Set its price
      </Button>
    </form>
  );
}

function PriceForm({
  model: { model, price, price_source: source },
  onClose,
}: {
  model: Model;
  onClose: () => void;
}) {
  const update = useUpdateModels();
  const [texts, setTexts] = useState({
    input: price ? String(price.input / MICRO_USD) : '',
    cached_input: price ? String(price.cached_input / MICRO_USD) : '',
    output: price ? String(price.output / MICRO_USD) : '',
  });
  const isNumber = (text: string) => /^\d+(\.\d+)?$/.test(text.trim());
  const save = (next: ModelPrice | null) =>
    update.mutate({ prices: { [model]: next } }, { onSuccess: onClose });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const micro = (text: string) => Math.round(Number(text) * MICRO_USD);
    save({ input: micro(texts.input), cached_input: micro(texts.cached_input), output: micro(texts.output) });
  };
  return (
    <form onSubmit={submit} aria-label={`Price of ${model}`} className="mt-2 mb-1 space-y-3">
      <div className="grid gap-3 sm:grid-cols-3">
        {KINDS.map(([kind, label]) => (
          <TextField
            key={kind}
            label={`${label}, US dollars`}
            inputMode="decimal"
            value={texts[kind]}
            error={texts[kind] !== '' && !isNumber(texts[kind]) ? 'Enter a number.' : undefined}
            onChange={({ target }) => setTexts((all) => ({ ...all, [kind]: target.value }))}
          />
        ))}
      </div>
      {update.error && <ErrorNotice error={update.error} />}
      <div className="flex flex-wrap justify-end gap-2">
        {source === 'organisation' && (
          <Button onClick={() => save(null)} className="mr-auto">
            Forget this price
          </Button>
        )}
        <Button onClick={onClose}>Cancel</Button>
        <Button
          variant="primary"
          type="submit"
          busy={update.isPending}
          disabled={!Object.values(texts).every(isNumber)}
        >
          Save
        </Button>
      </div>
    </form>
  );
}
