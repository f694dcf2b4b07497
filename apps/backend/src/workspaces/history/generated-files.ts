const LOCK_FILES = new Set([
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'bun.lock',
  'bun.lockb',
  'deno.lock',
  'Cargo.lock',
  'Gemfile.lock',
  'Podfile.lock',
  'Pipfile.lock',
  'poetry.lock',
  'pdm.lock',
  'uv.lock',
  'composer.lock',
  'mix.lock',
  'pubspec.lock',
  'go.sum',
  'flake.lock',
  'packages.lock.json',
  'gradle.lockfile',
]);
const FOLDERS =
  /(^|\/)(node_modules|vendor|third_party|dist|build|out|coverage|\.next|\.nuxt|__snapshots__|__generated__)\//;
const NAMES =
  /(\.min\.(js|mjs|css)|\.bundle\.js|\.map|\.snap|\.pb\.go|_pb2(_grpc)?\.pyi?|\.generated\.\w+|\.g\.dart|\.designer\.cs)$/i;

/** True for files that tools write and people seldom read. They are shown folded. */
export function isGenerated(name: Buffer): boolean {
  const path = name.toString('latin1');
  return LOCK_FILES.has(path.slice(path.lastIndexOf('/') + 1)) || FOLDERS.test(path) || NAMES.test(path);
}
