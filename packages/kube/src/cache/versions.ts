/**
 * Whether `version` is later than `than`. Resource versions are decimal integers of one sequence for all objects of a type
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions); they may outgrow a double, so the digits are compared.
 */
export function isLater(version: string, than: string): boolean {
  if (version.length !== than.length) return version.length > than.length;
  return version > than;
}
