# The pages, the program with the pages inside, and an image with the program alone.
FROM node:22-bookworm-slim AS pages
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build \
	&& npm sbom --package-lock-only --omit dev --sbom-format cyclonedx --sbom-type application > /tmp/pages.cdx.json

FROM golang:1.26-bookworm AS program
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY ent/ ent/
COPY graph/ graph/
COPY server/ server/
COPY frontend/embed.go frontend/unbuilt.html frontend/
COPY --from=pages /src/frontend/dist/ frontend/dist/
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o /out/resourcepool ./server \
	&& mkdir -p /out/data
RUN go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 bin -json -output /out/program.cdx.json /out/resourcepool

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=program /out/resourcepool /usr/local/bin/resourcepool
COPY --from=program --chown=nonroot:nonroot /out/data /data
COPY LICENSE /LICENSE
# What is inside, as CycloneDX.
COPY --from=program /out/program.cdx.json /usr/share/doc/resourcepool/program.cdx.json
COPY --from=pages /tmp/pages.cdx.json /usr/share/doc/resourcepool/pages.cdx.json
USER nonroot
WORKDIR /data
# There is no Postgres inside: DATABASE_URL and POOL_MASTER_KEY are required.
ENV POOL_LISTEN=0.0.0.0:8080 POOL_DATA_DIR=/data
EXPOSE 8080
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["/usr/local/bin/resourcepool", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/resourcepool"]
CMD ["serve"]
