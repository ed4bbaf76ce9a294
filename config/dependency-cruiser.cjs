// Who may import whom: the table of ARCHITECTURE.md, enforced. A folder that is not listed as a target of its row is refused.
const allowed = {
  operator: ['packages/(api|lifecycle|kube|capability|instance)'],
  gateway: ['packages/(api|protocol|sandboxes|capability|instance)'],
  'tool-api': ['packages/(protocol|capability)'],
  'sandbox-manager': ['packages/(api|lifecycle|sandboxes|capability|instance)'],
  frontend: ['packages/protocol'],
  embedded: ['gateway', 'sandbox-manager', 'packages/(capability|instance)'],
  'packages/api': [],
  'packages/protocol': [],
  'packages/lifecycle': ['packages/api'],
  'packages/kube': [],
  'packages/sandboxes': ['packages/(api|kube)'],
  'packages/capability': [],
  'packages/instance': ['packages/(protocol|capability)'],
  'packages/testing': ['packages/kube'],
};
const ours = '^(operator|gateway|tool-api|sandbox-manager|frontend|embedded|e2e|bench|hack|packages/[^/]+)/';

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: { pathNot: 'config/' },
      to: { couldNotResolve: true, pathNot: '^(virtual:|.*\\?)' },
    },
    ...Object.entries(allowed).map(([folder, targets]) => ({
      name: `imports-of-${folder.replace('/', '-')}`,
      severity: 'error',
      // Tests may use what tests share.
      from: { path: `^${folder}/`, pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: ours, pathNot: [`^${folder}/`, ...targets.map((target) => `^${target}/`)] },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.vue', '.json'],
    },
  },
};
