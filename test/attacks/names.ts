/**
 * The classic mistakes of servers like this one, and where it is tried whether we make them: file below the root of the project,
 * and title of the test. What is tried elsewhere is not tried here again.
 */

type Where = readonly [file: string, title: string]

export const mistakes: Readonly<Record<string, readonly Where[]>> = {
  'alg:none tokens': [
    ['test/attacks/tokens.test.ts', 'no algorithm, and a public key taken for a secret'],
    ['src/server/authn/tokens.test.ts', 'tokens that we did not sign open nothing'],
  ],
  'key confusion': [
    ['test/attacks/tokens.test.ts', 'no algorithm, and a public key taken for a secret'],
    ['test/attacks/tokens.test.ts', 'keys that the token brings along, or that are somebody else’s'],
    ['src/server/authn/tokens.test.ts', 'keys of RSA sign as RS256; what a token says of itself decides nothing'],
  ],
  'wrong audience, issuer, expiry': [
    ['test/attacks/tokens.test.ts', 'another audience, another issuer, another time'],
    ['src/server/authn/tokens.test.ts', 'issuer, audience, subject and time are all looked at'],
  ],
  'tokens in places that are not meant for them': [
    [
      'test/attacks/tokens.test.ts',
      'as a header in other ways, in a subprotocol, in the path: nothing else than what is meant for it',
    ],
    ['src/server/aggregation/headers.test.ts', 'a token that travels as a protocol stays here'],
  ],
  'deleted and re-created service account': [
    ['test/attacks/tokens.test.ts', 'an account that was deleted, and another one of its name'],
    ['src/server/authn/tokens.test.ts', 'a token dies with its account, also when another of the name comes'],
    ['src/server/authn/tokens.test.ts', 'a bound token dies with what it is bound to'],
  ],
  'spoofed front-proxy headers': [
    ['test/attacks/identity.test.ts', 'headers of a front proxy that nobody vouches for'],
    ['test/aggregation/front-proxy.test.ts', 'is nobody itself, whatever its certificate says'],
    ['test/aggregation/front-proxy.test.ts', 'has a certificate of the front proxy, and no other'],
    ['test/aggregation/passing.test.ts', 'never hears what a client says of itself, nor its credentials'],
  ],
  'spoofed impersonation headers': [
    ['test/attacks/identity.test.ts', 'impersonation without the right to it, of each part'],
    ['src/server/authn/impersonate.test.ts', 'each part of the identity is asked for'],
    ['src/server/authn/impersonate.test.ts', 'doubt is refused'],
  ],
  'CSR for system:masters': [
    ['test/attacks/identity.test.ts', 'a certificate that would make one master'],
    [
      'test/attacks/identity.test.ts',
      'a certificate that one approves or signs oneself, or says somebody else asked for',
    ],
    ['src/server/admission/others.test.ts', 'nobody asks for a certificate that makes them master'],
    ['test/api/signers.test.ts', 'to approve or sign takes a right on the signer'],
  ],
  'escalation by patch and apply': [
    ['test/api/escalation.test.ts', 'roles: only what one has, whichever way it is written'],
    ['test/api/escalation.test.ts', 'bindings: only to roles whose rights one has, or may bind'],
  ],
  'escalation by aggregation label': [
    ['test/attacks/rights.test.ts', 'a label that adds rules to somebody else’s role, and a role that gathers them'],
  ],
  'list and watch by name': [
    ['test/attacks/rights.test.ts', 'one name in a list: that one, and no way round it'],
    ['test/api/address.test.ts', 'rights on one name allow to list and watch that name'],
  ],
  'encoded path traversal': [
    ['test/attacks/bytes.test.ts', 'a path that would lead elsewhere when it is decoded or cleaned'],
    ['src/server/http/requestinfo.test.ts', 'paths that try to be something else are refused'],
    [
      'src/server/http/requestinfo.test.ts',
      'the way through a proxy is found where it is, not where something is called so',
    ],
  ],
  'upgrade smuggling through exec': [
    [
      'test/attacks/bytes.test.ts',
      'a request that hides behind an upgrade is nobody’s: neither the server’s nor the node’s',
    ],
    ['test/attacks/bytes.test.ts', 'what cannot be upgraded is not: bytes behind it are not read as anything'],
    ['test/proxy/attacks.test.ts', 'nothing is sent before the other side has agreed to an upgrade'],
  ],
  'request smuggling': [
    [
      'src/server/passing/headers.test.ts',
      'a request that names two hosts is refused: each server would believe another one',
    ],
    ['test/proxy/attacks.test.ts', 'a request that two servers would read differently is refused'],
    [
      'src/server/aggregation/pass.test.ts',
      'a body never becomes a request of its own, whatever the method and however it is sent',
    ],
    ['test/aggregation/passing.test.ts', 'a body is as long as it says, so that none holds a request of its own'],
  ],
  'redirects from kubelets': [
    ['test/attacks/bytes.test.ts', 'a redirect from a node is an error, and leads nobody anywhere'],
  ],
  'redirects from webhooks': [
    ['test/api/admission/webhook-failures.test.ts', 'redirect'],
    ['test/audit/delivery.test.ts', 'follows no redirect, and reads no endless answer'],
    ['test/aggregation/passing.test.ts', 'redirects are refused, promises that are broken look broken'],
  ],
  'proxying to loopback and metadata addresses': [
    ['test/proxy/attacks.test.ts', 'leads to no address that only the server has, whatever a node reports'],
    ['test/proxy/attacks.test.ts', 'leads to pods of the namespace alone, whatever a user writes into a slice'],
    [
      'test/proxy/attacks.test.ts',
      'a node that says it is where another one is, or where only the server gets, is not asked',
    ],
    ['src/wire/https.test.ts', 'addresses that only this machine has are known in every form'],
    [
      'src/wire/https.test.ts',
      'a name that leads to where only this machine gets is not followed, unless it says so itself',
    ],
  ],
  'the way through a node as a way to anywhere': [
    ['test/proxy/connect.test.ts', 'joins nobody else, and nobody to anything else'],
  ],
  'subresources with rights on the parent only': [
    ['test/attacks/rights.test.ts', 'rights on pods, and none on what lies below them'],
    ['test/proxy/attacks.test.ts', 'takes the right to the subresource, by the verb of the method'],
  ],
  'streams by GET': [
    ['test/api/http.test.ts', 'whoever may only read opens no shell'],
    ['test/proxy/attacks.test.ts', 'a stream by GET is no reading'],
  ],
  'node A reading node B’s secrets': [
    ['test/attacks/rights.test.ts', 'node A does not read what only the pods of node B use'],
    ['test/api/nodes.test.ts', 'a node reads the secrets of its own pods, one by one, and no others'],
  ],
  'node A reading devices and volumes of node B’s pods, or widening what it may read by what it writes': [
    [
      'test/attacks/nodes.test.ts',
      'claims for devices: those of its own pods, as the controller names them and not as the node does',
    ],
    ['test/attacks/nodes.test.ts', 'a pod that stands for a file of the node asks for nothing that the API keeps'],
    ['test/attacks/nodes.test.ts', 'volumes: those that claims of its own pods are bound to'],
    ['test/attacks/nodes.test.ts', 'slices of devices: its own, under its own name'],
  ],
  'timing of token comparison': [
    ['test/attacks/tokens.test.ts', 'what is compared with a secret is compared by signature, or in constant time'],
  ],
  'keys of JSON that become other keys': [
    ['test/attacks/bytes.test.ts', 'keys that somebody has sent before do not become the keys of others'],
    ['src/codec/json.test.ts', 'a key with an escape is itself, whatever somebody else has sent before'],
  ],
  'log and terminal injection': [
    [
      'test/attacks/bytes.test.ts',
      'texts that would move a cursor, or be a line of their own, are shown by their numbers',
    ],
    ['src/base/log.test.ts', 'whatever goes into a log is one line, and moves no cursor'],
    ['src/cli/audit.test.ts', 'names and agents that would move the cursor are shown by their numbers'],
  ],
}
