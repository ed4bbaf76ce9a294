import type { KubeObject } from '../resource.ts';

/**
 * A model of @kubernetes/client-node as it travels: JSON, which is all that this package handles. Dates are ISO strings, and
 * fields that its generator renamed (`_from`, `x_kubernetes_validations`) have the API's names.
 */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T as WireName<Key>]: Wire<T[Key]> }
      : T;

/** A whole object: what every object has, and the rest of the model. */
export type WireObject<T> = KubeObject & Wire<Omit<T, keyof KubeObject>>;

type WireName<Key> = Key extends `_${infer Name}`
  ? Name
  : Key extends `x_kubernetes_${infer Name}`
    ? `x-kubernetes-${Dashed<Name>}`
    : Key;

type Dashed<Name extends string> = Name extends `${infer Head}_${infer Tail}` ? `${Head}-${Dashed<Tail>}` : Name;
