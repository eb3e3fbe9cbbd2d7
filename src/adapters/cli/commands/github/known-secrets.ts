/**
 * What a runner gives a job to log in with. It masks these itself, so that masking them here as well takes nothing from what the job says
 * to the runner (`::add-mask::`).
 */
const TOKENS =
  /^(?:ACTIONS_(?:RUNTIME|ID_TOKEN_REQUEST)_TOKEN|(?:GITHUB|GH)_TOKEN|INPUT_(?:TOKEN|(?:GITHUB|GH|REPO)[-_]TOKEN))$/;
/** Shorter ones are no tokens. */
const SHORTEST = 8;

/** By names under which a step may have them. */
export function knownSecrets(environment: Readonly<Record<string, string>>): Record<string, string> {
  const values = Object.entries(environment).flatMap(([name, value]) =>
    TOKENS.test(name) && value.length >= SHORTEST ? [value] : [],
  );
  return Object.fromEntries([...new Set(values)].map((value, index) => [`GITHUB_${index + 1}`, value]));
}
