/** The list of omitted names is cut after this many. */
const MAX_OMITTED = 200;

/** Names that a checkpoint leaves out, so that a diff can say what it does not show. */
export class OmittedNames {
  private readonly byText = new Map<string, Buffer>();

  add(name: Buffer): void {
    if (name.length > 0 && this.byText.size < MAX_OMITTED) this.byText.set(name.toString('latin1'), name);
  }

  get names(): Buffer[] {
    return [...this.byText.values()];
  }
}
