/** A field of a raw stream entry, whose fields are one flat list: name, value, name, value … */
export function fieldOf(fields: string[], name: string): string | undefined {
  const index = fields.findIndex((text, at) => at % 2 === 0 && text === name);
  return index < 0 ? undefined : fields[index + 1];
}
