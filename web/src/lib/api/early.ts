/** The same client for addresses the generated types don't know yet. */
import { client } from './client';

type Method = (path: string, init?: object) => Promise<never>;

export const early = client as unknown as Record<'GET' | 'POST' | 'DELETE', Method>;
