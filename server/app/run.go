package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/config"
)

// drainLimit is how long open requests may take to settle once the server is told to stop.
const drainLimit = 25 * time.Second

// Options are what a server runs with.
type Options struct {
	Config config.Config
	Log    *slog.Logger
	Rand   io.Reader
	Clock  clock.Clock
	// Resolver is whom the names of providers are asked of; nil: the system.
	Resolver *net.Resolver
	// Ready, where not nil, is called once requests are answered.
	Ready func(*Server)
}

// Run starts everything and serves until ctx ends; then it takes nothing new, lets open requests settle, and stops what
// it started in the opposite order.
func Run(ctx context.Context, o Options) error {
	if err := noCoreDumps(); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Config.Listen)
	if err != nil {
		return fmt.Errorf("POOL_LISTEN: %w", err)
	}
	defer func() { _ = listener.Close() }()
	db, err := openDatabase(ctx, o.Config, o.Log)
	if err != nil {
		return err
	}
	defer db.close()
	if err := db.migrate(ctx); err != nil {
		return err
	}
	if err := db.warnOfRights(ctx); err != nil {
		return err
	}
	s, err := wire(ctx, o, db, listener.Addr())
	if err != nil {
		return err
	}
	defer s.close()
	return s.run(ctx, listener, o)
}

// run starts the services in their order: the books first, since all else needs them, the edge last.
func (s *Server) run(ctx context.Context, listener net.Listener, o Options) error {
	books, stopBooks := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBooks()
	ready, booksEnded := make(chan struct{}), make(chan error, 1)
	go func() { booksEnded <- s.ledger.Run(books, ready) }()
	select {
	case <-ready:
	case err := <-booksEnded:
		return err
	case <-ctx.Done():
		stopBooks()
		return <-booksEnded
	}
	if err := s.account.EnsureAdmin(ctx, o.Config.AdminEmail, o.Config.AdminPassword.Reveal()); err != nil {
		stopBooks()
		return errors.Join(fmt.Errorf("POOL_ADMIN_EMAIL: %w", err), <-booksEnded)
	}

	s.account.LoadRoles(ctx)

	services, stopServices := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServices()
	background, services := errgroup.WithContext(services)
	background.Go(func() error { return s.feed.Run(services) })
	background.Go(func() error { return s.vault.Run(services) })
	background.Go(func() error { return s.pool.Run(services) })
	background.Go(func() error { return s.account.Run(services) })
	background.Go(func() error { return s.sharing.Run(services) })
	background.Go(func() error { return s.account.KeepRoles(services) })
	background.Go(func() error { return s.keeper.Run(services) })
	background.Go(func() error { return s.checks.Run(services) })
	if s.outbox != nil {
		background.Go(func() error { return s.outbox.Run(services) })
	}
	if s.metrics != nil {
		background.Go(func() error { return s.metrics.run(services) })
	}

	edge, stopEdge := context.WithCancel(ctx)
	defer stopEdge()
	cause := make(chan error, 1)
	go func() {
		cause <- s.watch(edge, services, booksEnded)
		stopEdge()
		s.open.Store(false)
		close(s.stopping)
	}()
	s.open.Store(true)
	o.Log.InfoContext(ctx, "serving", "address", s.url.String())
	if o.Ready != nil {
		o.Ready(s)
	}
	err := s.http.Serve(edge, listener, drainLimit)
	stopEdge()
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
	defer cancel()
	err = errors.Join(err, s.gateway.Drain(draining))
	stopServices()
	if e := background.Wait(); e != nil && !errors.Is(e, context.Canceled) {
		err = errors.Join(err, e)
	}
	stopBooks()
	return errors.Join(<-cause, err, <-booksEnded)
}

var errPostgresGone = errors.New("the private Postgres ended by itself; its log is in the data folder")

// watch returns when the edge has to stop: it was told to, or something behind it failed.
func (s *Server) watch(edge, services context.Context, booksEnded chan error) error {
	select {
	case <-edge.Done():
	case <-services.Done():
	case err := <-booksEnded:
		booksEnded <- err // for who waits for the end
		return errors.New("the ledger stopped")
	case <-s.postgresGone:
		return errPostgresGone
	}
	return nil
}
