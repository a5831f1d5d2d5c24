# Sluice in a container. See docs/install.md.
FROM debian:12-slim AS build
WORKDIR /src
COPY scripts/install-packages scripts/packages.txt scripts/packages-package.txt scripts/
RUN scripts/install-packages packages.txt packages-package.txt
COPY . .
RUN scripts/build release sluice completions && scripts/package build/release /out

FROM debian:12-slim
COPY --from=build /out/sluice_*.deb /tmp/
# The package makes the user; the certificates are for the clouds.
RUN apt-get update \
    && apt-get install -y --no-install-recommends /tmp/sluice_*.deb ca-certificates \
    && rm -rf /var/lib/apt/lists/* /tmp/sluice_*.deb \
    && install -d -o sluice -g sluice -m 0700 /var/lib/sluice
USER sluice
ENV SLUICE_DATA_DIR=/var/lib/sluice SLUICE_LISTEN=:8080 SLUICE_LOG_FORMAT=json
VOLUME /var/lib/sluice
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s CMD ["sluice", "health", "--config", "/etc/sluice/sluice.yaml"]
ENTRYPOINT ["sluice"]
CMD ["serve", "--config", "/etc/sluice/sluice.yaml"]
