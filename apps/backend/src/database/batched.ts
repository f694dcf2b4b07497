/*
 * Questions of one kind that come at the same time, asked of the database in one statement.
 *
 *     requests that came in one turn of the event loop ── ask, ask, ask ──► setImmediate ──► one statement
 *
 * Nothing is kept: an answer is never older than its question, as it must be where something can be taken back.
 */
export class Batched<Q, A> {
  private waiting: Promise<A[]> | null = null;
  private questions: Q[] = [];

  /** @param answerAll the answers to distinct or equal questions, in their order. */
  constructor(private readonly answerAll: (questions: Q[]) => Promise<A[]>) {}

  /** @throws what `answerAll` does */
  async ask(question: Q): Promise<A> {
    const place = this.questions.push(question) - 1;
    const answers = await (this.waiting ??= this.gather());
    return answers[place] as A;
  }

  private async gather(): Promise<A[]> {
    await new Promise((resolve) => setImmediate(resolve));
    const { questions } = this;
    this.questions = [];
    this.waiting = null;
    return this.answerAll(questions);
  }
}
