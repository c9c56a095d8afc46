# syntax=docker/dockerfile:1
# The operator with the tools that render, each built from the sources that tools/ pins.
FROM golang:1.26 AS tools
ENV CGO_ENABLED=0 GOFLAGS=-trimpath
WORKDIR /tools
COPY tools/ .
RUN go -C render build -ldflags "-s -w" -o /out/render .
RUN go -C render build -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1 \
    -X sigs.k8s.io/kustomize/api/provenance.version=v5.8.2" -o /out/manifests ./manifests

FROM node:26-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:26-slim
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
    && rm -rf /var/lib/apt/lists/*
COPY --from=tools /out/ /usr/local/bin/
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json app.yml ./
COPY src/ src/
USER node
EXPOSE 8080 8081 9090
# A smaller young generation of V8: 70 MiB less, at no cost that shows.
ENTRYPOINT ["node", "--max-semi-space-size=8", "src/main.ts"]
