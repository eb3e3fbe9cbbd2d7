# The project's commands, for `just`. Each is one line that can be typed without it.

# Shows the recipes.
default:
    @just --list

# Runs this project's own job in a fresh guest, on a disposable host.
quickstart *args:
    ./scripts/quickstart {{args}}

# Runs everything.
test:
    ./scripts/test

# Runs what needs no host.
unit:
    ./scripts/test --unit

# Starts the disposable host, or says where it is.
host-up:
    ./scripts/host up

# Removes the disposable host.
host-down:
    ./scripts/host down

# Bundles what is published into dist/.
build:
    npm run build

# Checks what is published: its entries and their types.
package: build
    npm run package

# Formats, and tidies imports.
format:
    npm run format

# Checks format, types, layers and dead code.
check:
    npm run lint
    npm run types
    npm run layers
    npm run dead

# Measures pikaci beside its peers.
bench *args:
    npm run bench -- {{args}}

# Runs jobs one after the other, and looks for what grows.
soak *args:
    npm run soak -- {{args}}

# Writes the API reference to docs/api/.
docs-api:
    npm run docs:api

# Makes the site of all documents in dist-site/.
docs-site:
    npm run docs:site

# Lists the documents, and when to read each.
docs:
    ./scripts/agent-tools list-docs

# Checks the documents, the API reference and this file.
docs-check:
    npm run docs:check
    ./scripts/agent-tools check-docs
    ./scripts/agent-tools check-justfile
