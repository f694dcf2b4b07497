/** One line of Prometheus' text format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;
const NUMBERS: Record<string, number> = {
  '+Inf': Infinity,
  '-Inf': -Infinity,
  Nan: Number.NaN,
  NaN: Number.NaN,
};

/**
 * Reads Prometheus' text format strictly: every sample belongs to a metric with a HELP and a TYPE before it.
 * @throws Error that names the line
 */
function parseMetrics(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, comment, metric = '', rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (comment === 'HELP') helps.add(metric);
    else if (comment === 'TYPE') types.set(metric, String(rest));
    else {
      const sample = parseSample(line);
      const family = types.has(sample.name) ? sample.name : sample.name.replace(/_(bucket|sum|count)$/, '');
      if (!types.has(family) || !helps.has(family)) throw new Error(`without HELP or TYPE: ${line}`);
      samples.push(sample);
    }
  }
  return samples;
}

function parseSample(line: string): Sample {
  const [, name, written = '', number] = LINE.exec(line) ?? [];
  const value = NUMBERS[String(number)] ?? Number(number);
  if (name === undefined || number === undefined || (Number.isNaN(value) && !(number in NUMBERS)))
    throw new Error(`cannot be read: ${line}`);
  const labels: Record<string, string> = {};
  for (LABEL.lastIndex = 0; LABEL.lastIndex < written.length;) {
    const label = LABEL.exec(written);
    if (!label) throw new Error(`labels cannot be read: ${line}`);
    labels[String(label[1])] = String(label[2]);
  }
  return { name, labels, value };
}

/** The present metrics of a service. */
export class Scrape {
  private constructor(readonly samples: Sample[]) {}

  static async of(url: string, token: string): Promise<Scrape> {
    const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`);
    return new Scrape(parseMetrics(await response.text()));
  }

  /** The sum of the samples with these labels; undefined if there are none. */
  value(name: string, labels: Record<string, string> = {}): number | undefined {
    const wanted = Object.entries(labels);
    const found = this.samples.filter(
      (sample) => sample.name === name && wanted.every(([label, text]) => sample.labels[label] === text),
    );
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }
}
