// Whether a text is a private key that can sign.
import { createPrivateKey } from 'node:crypto';

/** Of a text in PEM, whatever its format: PKCS#1 as GitHub gives it, PKCS#8 as its libraries want it. */
export function isPrivateKey(pem: string): boolean {
  try {
    createPrivateKey(pem);
    return true;
  } catch {
    return false; // the library's message says nothing that a person could use
  }
}
