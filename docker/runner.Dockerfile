# The first two stages are the same in all three Dockerfiles, so Docker builds them once.
FROM node:22-bookworm-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY apps/gateway/package.json apps/gateway/
COPY apps/backend/package.json apps/backend/
COPY apps/runner/package.json apps/runner/
COPY apps/web/package.json apps/web/
COPY libs/contracts/package.json libs/contracts/
COPY libs/service-kit/package.json libs/service-kit/
COPY libs/event-log/package.json libs/event-log/
COPY libs/scripted-model/package.json libs/scripted-model/
COPY libs/client/package.json libs/client/
COPY libs/testing/package.json libs/testing/

FROM manifests AS sources
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY . .

FROM sources AS build
RUN npm run build runner

FROM node:22-bookworm-slim
# git for agents; bubblewrap and socat for their jail.
RUN apt-get update \
  && apt-get install -y --no-install-recommends bubblewrap ca-certificates git socat \
  && rm -rf /var/lib/apt/lists/*
# A new volume that is mounted here takes over this owner and mode.
RUN install -d -o node -g node -m 0700 /workspaces
WORKDIR /app
# The build has all packages in it but those that are copied here.
COPY --from=manifests /app ./
# Codex's command with its native binary for the image's architecture.
COPY --from=sources /app/node_modules/@openai node_modules/@openai
COPY --from=build /app/apps/runner/dist apps/runner/dist
# The programs that the demo model builds.
COPY libs/scripted-model/demo-projects libs/scripted-model/demo-projects
# Codex's configuration, used for every thread, and the files of the jail.
COPY apps/runner/codex-config.toml apps/runner/
COPY apps/runner/jail apps/runner/jail
RUN ln -s /app/node_modules/@openai/codex/bin/codex.js /usr/local/bin/codex && codex --version
USER node
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps \
  HOST=0.0.0.0 PORT=8081 WORKSPACES_ROOT=/workspaces
EXPOSE 8081
# Prints the answer, which says how agents are confined; `docker inspect` shows it.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(async (r) => { console.log(await r.text()); process.exitCode = r.ok ? 0 : 1; }, () => process.exit(1))"]
CMD ["node", "apps/runner/dist/main.js"]
