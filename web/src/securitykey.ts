/** A person's security key (WebAuthn): asked to sign one order, or made and handed out to be sealed by the nation's root. */

/** What the node asks to have signed, for one order of one person. */
export interface Challenge {
  challenge: string;
  nonce: string;
  issued_ns: string;
  rp_id: string;
  credentials: string[];
}

/** A key's answer, base64url without padding. */
export interface Assertion {
  credential_id: string;
  authenticator_data: string;
  client_data: string;
  signature: string;
}

/** The file that goes to whoever holds the root, and the words by which both tell that they mean one key. */
export interface Enrolment {
  file: string;
  words: string;
}

export interface Place {
  nation: string;
  realm: string;
  rp_id: string;
}

const ASK_MS = 60_000;
const ES256 = -7;
const ED25519 = -8;

export async function sign(asked: Challenge): Promise<Assertion> {
  const credential = (await navigator.credentials.get({
    publicKey: {
      challenge: bytesOf(asked.challenge),
      rpId: asked.rp_id,
      allowCredentials: asked.credentials.map((id) => ({ type: "public-key", id: bytesOf(id) })),
      userVerification: "required",
      timeout: ASK_MS,
    },
  })) as PublicKeyCredential | null;
  if (!credential) throw new Error("no answer");
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    credential_id: textOf(credential.rawId),
    authenticator_data: textOf(response.authenticatorData),
    client_data: textOf(response.clientDataJSON),
    signature: textOf(response.signature),
  };
}

export async function enrol(person: string, place: Place): Promise<Enrolment> {
  const { nation, realm } = place;
  const name = `${person} ${nation} ${realm}`;
  const credential = (await navigator.credentials.create({
    publicKey: {
      challenge: await sha256(new TextEncoder().encode(`beaconfire/enrol\n${nation}\n${realm}\n${person}`)),
      rp: { id: place.rp_id, name: `Beaconfire ${nation} ${realm}` },
      user: { id: crypto.getRandomValues(new Uint8Array(32)), name, displayName: name },
      pubKeyCredParams: [ES256, ED25519].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { userVerification: "required", residentKey: "discouraged" },
      attestation: "none",
      timeout: ASK_MS,
    },
  })) as PublicKeyCredential | null;
  if (!credential) throw new Error("no answer");
  const { attestationObject, clientDataJSON } = credential.response as AuthenticatorAttestationResponse;
  const made = {
    nation,
    realm,
    person,
    attestation_object: textOf(attestationObject),
    client_data: textOf(clientDataJSON),
  };
  return { file: JSON.stringify(made, null, 1), words: hashWords(await sha256(new Uint8Array(attestationObject))) };
}

/** The first 64 bits of a hash as four proquints (Wilkerson 2009), as the node says them. */
export function hashWords(digest: Uint8Array): string {
  const word = (bits: number) =>
    "bdfghjklmnprstvz"[bits >> 12]! + "aiou"[(bits >> 10) & 3] + "bdfghjklmnprstvz"[(bits >> 6) & 15]! +
    "aiou"[(bits >> 4) & 3] + "bdfghjklmnprstvz"[bits & 15]!;
  return [0, 2, 4, 6].map((place) => word((digest[place]! << 8) | digest[place + 1]!)).join("-");
}

/** base64url without padding, as it goes over the wire. */
export function textOf(buffer: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

async function sha256(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}
