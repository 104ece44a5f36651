/** One thing that is fetched for a screen, with its loading and failed states. */
import { asProblem, type ApiProblem } from '$lib/api/problem';

export class Loaded<T> {
  value = $state.raw<T | null>(null);
  problem = $state.raw<ApiProblem | null>(null);
  readonly #fetch: () => Promise<T>;

  constructor(fetch: () => Promise<T>) {
    this.#fetch = fetch;
  }

  /** Fetches, or fetches again; a value that is there stays until the new one comes, and when it can't. */
  async load(): Promise<void> {
    try {
      this.value = await this.#fetch();
      this.problem = null;
    } catch (cause) {
      this.problem = asProblem(cause);
    }
  }
}
