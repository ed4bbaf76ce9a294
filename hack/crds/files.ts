import { stringify } from 'yaml';
import { definitions } from './definitions.ts';
import { manifestOf } from './manifest.ts';

const HEADER = '# Generated from packages/api by `npm run generate`; changes here are lost.\n';
const YAML = { lineWidth: 120, aliasDuplicateObjects: false };

/** The files of `crds/`: path from the top of the repository, and text. */
export function crdFiles(): Map<string, string> {
  return new Map(
    definitions.map((definition) => {
      const { group, plural } = definition.resource;
      return [`crds/${group}_${plural}.yaml`, HEADER + stringify(manifestOf(definition), YAML)];
    }),
  );
}
