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
RUN npm run build backend

FROM node:22-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates git openssh-client \
  && rm -rf /var/lib/apt/lists/*
# A new volume that is mounted here takes over this owner and mode.
RUN install -d -o node -g node -m 0700 /workspaces /data
WORKDIR /app
# The build has all packages in it but those that are copied here.
COPY --from=manifests /app ./
COPY --from=sources /app/node_modules/swagger-ui-dist node_modules/swagger-ui-dist
COPY --from=build /app/apps/backend/dist apps/backend/dist
USER node
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps \
  HOST=0.0.0.0 PORT=8080 WORKSPACES_ROOT=/workspaces OWNER_TOKEN_FILE=/data/owner-token SECRETS_KEY_FILE=/data/secrets-key
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/backend/dist/main.js"]
