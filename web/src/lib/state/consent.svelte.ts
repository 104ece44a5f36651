/** Before another realm is told anything of a person, that person is asked, once for each realm. */
import { ApiProblem, asProblem } from '$lib/api/problem';

export type TellingAct = 'follow' | 'like' | 'comment' | 'repost';

export interface ConsentAsked {
  act: TellingAct;
  realm: string;
  /** What that realm calls itself. */
  name: string;
  /** Once it is known: whether the consent was given and kept. */
  done: (given: boolean) => void;
}

const DECLINED = 'client.declined';

let asked = $state.raw<ConsentAsked | null>(null);

export const consent = {
  get asked(): ConsentAsked | null {
    return asked;
  },
};

/** Whether an act was not done because the person did not want it told. Nothing needs to be said then. */
export const declined = (cause: unknown): boolean => asProblem(cause).code === DECLINED;

function ask(act: TellingAct, fields: Record<string, string>): Promise<boolean> {
  asked?.done(false);
  return new Promise((resolve) => {
    const realm = fields.realm ?? '';
    asked = {
      act,
      realm,
      name: fields.name || realm,
      done: (given) => {
        asked = null;
        resolve(given);
      },
    };
  });
}

/**
 * Does an act; where the realm says that another one would learn of it, asks first and does it again.
 * What the screen `shows` as done is taken off it while the person is asked.
 */
export async function withConsent<T>(
  act: TellingAct,
  run: () => Promise<T>,
  shows: (done: boolean) => void = () => undefined,
): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    const problem = asProblem(cause);
    if (problem.code !== 'federation.consent_needed') throw cause;
    shows(false);
    if (!(await ask(act, problem.fields))) {
      throw new ApiProblem({ type: 'about:blank', title: '', detail: '', status: 0, code: DECLINED });
    }
    shows(true);
    return await run();
  }
}
