package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/resourcepool/resourcepool/server/check"
	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/gateway"
)

// requestMetrics count completions, also those that never got as far as a row of the usage log.
type requestMetrics struct {
	ended *prometheus.CounterVec
	took  *prometheus.HistogramVec
}

func newRequestMetrics() *requestMetrics {
	return &requestMetrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "resourcepool_completions_total", Help: "Completions that were answered, by error code; empty where they succeeded.",
		}, []string{"code", "streamed"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "resourcepool_completion_seconds", Help: "How long completions took.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 16),
		}, []string{"streamed"}),
	}
}

func (m *requestMetrics) observe(e gateway.Ended) {
	streamed := strconv.FormatBool(e.Streamed)
	m.ended.WithLabelValues(string(e.Code), streamed).Inc()
	m.took.WithLabelValues(streamed).Observe(e.Took.Seconds())
}

// checkpointMetrics tell how far the newest signed checkpoint is behind; both are 0 where there is none yet.
func checkpointMetrics(k *checkpoint.Keeper, c clock.Clock) []prometheus.Collector {
	gauge := func(name, help string, value func(checkpoint.Checkpoint) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "resourcepool_checkpoint_" + name, Help: help}, func() float64 {
			if newest := k.Newest(); newest != nil {
				return value(*newest)
			}
			return 0
		})
	}
	return []prometheus.Collector{
		gauge("size", "Transactions that the newest signed checkpoint covers.", func(n checkpoint.Checkpoint) float64 { return float64(n.Size) }),
		gauge("age_seconds", "Age of the newest signed checkpoint; none is signed while nothing is booked.", func(n checkpoint.Checkpoint) float64 { return c.Now().Sub(n.At).Seconds() }),
	}
}

// checkMetrics tell what the last check of the books came to, on the server that has the lease; others have no value, so
// that an alert asks for the max over all.
type checkMetrics struct {
	keeper              *check.Keeper
	ok, at, took, found *prometheus.Desc
}

func newCheckMetrics(k *check.Keeper) checkMetrics {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("resourcepool_ledger_"+name, help, nil, nil)
	}
	return checkMetrics{
		keeper: k,
		ok:     desc("check_ok", "1 where the last check of the books, and the last full one, found nothing."),
		at:     desc("last_check_timestamp_seconds", "When the last check of the books was."),
		took:   desc("check_seconds", "How long the last check of the books took."),
		found:  desc("findings_total", "What checks of the books found, twice, and acted on."),
	}
}

// Describe names all, also what has no value here.
func (m checkMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.ok, m.at, m.took, m.found} {
		out <- d
	}
}

// Collect has values where this server checked.
func (m checkMetrics) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(m.found, prometheus.CounterValue, float64(m.keeper.Found()))
	last := m.keeper.Last()
	if last == nil {
		return
	}
	ok := 0.0
	if last.OK {
		ok = 1
	}
	out <- prometheus.MustNewConstMetric(m.ok, prometheus.GaugeValue, ok)
	out <- prometheus.MustNewConstMetric(m.at, prometheus.GaugeValue, float64(last.At.UnixMilli())/1000)
	out <- prometheus.MustNewConstMetric(m.took, prometheus.GaugeValue, last.Took.Seconds())
}

// metricsServer serves Prometheus and pprof on an address of its own, never on the public one.
type metricsServer struct {
	listener net.Listener
	server   *http.Server
}

func newMetrics(ctx context.Context, address string, more ...prometheus.Collector) (*metricsServer, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("POOL_METRICS_LISTEN: %w", err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(more...)
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return &metricsServer{listener: listener, server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}, nil
}

func (m *metricsServer) run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- m.server.Serve(m.listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	_ = m.server.Close()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
