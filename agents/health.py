"""What a worker tells over HTTP: `/metrics`, `/healthz`, `/readyz`."""

import asyncio
import time
from collections.abc import Callable

import structlog
from aiohttp import web
from mode import Service
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from agents.metrics import Metrics

log = structlog.get_logger(__name__)

_SLEEP = 0.05


class Health(Service):
    """A small web server on the worker's own loop: if that stands still, so does the answer."""

    def __init__(
        self,
        metrics: Metrics,
        host: str,
        port: int,
        *,
        ready: Callable[[], bool],
        failed: Callable[[], bool],
        report: Callable[[], None],
    ) -> None:
        """*report* brings the metrics up to date before they are read; *port* 0 takes a free one."""
        super().__init__()
        self._metrics = metrics
        self._host, self._port = host, port
        self._ready, self._failed, self._report = ready, failed, report
        self._runner: web.AppRunner | None = None

    async def on_start(self) -> None:
        """Serve."""
        app = web.Application()
        app.router.add_get("/metrics", self._answer_metrics)
        app.router.add_get("/healthz", self._answer_healthz)
        app.router.add_get("/readyz", self._answer_readyz)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        log.info("listening", host=self._host, port=self._runner.addresses[0][1])

    async def on_stop(self) -> None:
        """Stop serving."""
        if self._runner is not None:
            await self._runner.cleanup()

    @Service.task
    async def _measure(self) -> None:
        while not self.should_stop:
            begun = time.perf_counter()
            await asyncio.sleep(_SLEEP)
            self._metrics.loop_lag.observe(max(0.0, time.perf_counter() - begun - _SLEEP))

    async def _answer_metrics(self, request: web.Request) -> web.Response:
        del request
        self._report()
        return web.Response(body=generate_latest(self._metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _answer_healthz(self, request: web.Request) -> web.Response:
        del request
        return web.Response(status=503, text="stopping\n") if self._failed() else web.Response(text="ok\n")

    async def _answer_readyz(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text="ready\n") if self._ready() else web.Response(status=503, text="restoring\n")
