import { useClient } from 'urql';
import { BeginPasskeyAuthenticationDocument } from '../graphql/graphql.ts';
import type { CombinedError } from 'urql';

/** Whether this browser can use passkeys, and read and write them as the API does. */
export function hasPasskeys(): boolean {
  return 'PublicKeyCredential' in window && 'parseRequestOptionsFromJSON' in PublicKeyCredential && 'parseCreationOptionsFromJSON' in PublicKeyCredential;
}

/** What the API takes of a passkey: the answer of the device to a question. */
export interface PasskeyAnswer {
  readonly ceremonyId: string;
  readonly credential: string;
}

/** Has the device use one of its passkeys; undefined where its owner declined, or it has none. */
async function answer(options: string): Promise<string | undefined> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options));
  return written(() => navigator.credentials.get({ publicKey }));
}

/** Has the device make a passkey; undefined where its owner declined, or it has one of this account. */
export async function makePasskey(options: string): Promise<string | undefined> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options));
  return written(() => navigator.credentials.create({ publicKey }));
}

async function written(ask: () => Promise<Credential | null>): Promise<string | undefined> {
  try {
    const credential = await ask();
    return credential instanceof PublicKeyCredential ? JSON.stringify(credential.toJSON()) : undefined;
  } catch (error) {
    if (error instanceof DOMException) {
      return undefined; // the browser tells none of the reasons apart, so that pages learn nothing
    }
    throw error;
  }
}

/** Returns what asks the device for a passkey: its answer, an error of the API, or undefined where it was declined. */
export function useAskPasskey(): () => Promise<PasskeyAnswer | CombinedError | undefined> {
  const client = useClient();
  return async () => {
    const { data, error } = await client.mutation(BeginPasskeyAuthenticationDocument, {}).toPromise();
    if (data == null) {
      return error;
    }
    const { id, options } = data.beginPasskeyAuthentication;
    const credential = await answer(options);
    return credential === undefined ? undefined : { ceremonyId: id, credential };
  };
}
