package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/alecthomas/kong"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/config"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// environment is what a command runs in.
type environment struct {
	ctx            context.Context
	variables      []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// commands are the program's; the tags are its help.
type commands struct {
	Serve       serveCommand       `cmd:"" help:"Run the server. It migrates the database first. Settings come from the environment."`
	Demo        demoCommand        `cmd:"" help:"Run a server with a sandbox provider, the people of the README's example and live traffic. Loopback only."`
	Migrate     migrateCommand     `cmd:"" help:"Bring the database up to date and end."`
	Verify      verifyCommand      `cmd:"" name:"verify-ledger" help:"Recompute the books from the first transaction to the last and compare."`
	Ledger      ledgerCommands     `cmd:"" help:"Correct the books, and freeze accounts."`
	Rotate      rotateCommand      `cmd:"" name:"rotate-master-key" help:"Take all data keys to a new master key while servers run and serve, and retire the old one."`
	Receipt     receiptCommand     `cmd:"" name:"verify-receipt" help:"Verify a receipt offline: with nothing but it and the public key."`
	Sandbox     sandboxCommand     `cmd:"" help:"Run a provider that speaks the protocols of OpenAI, Anthropic and Gemini, with keys whose quota runs out."`
	Simulate    simulateCommand    `cmd:"" help:"Replay requests over a described pool and compare strategies of routing. Nothing is called and nothing kept."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask the server of this environment whether it is ready; for containers."`
}

// Main runs the command line and returns the exit code.
func Main(ctx context.Context, args, variables []string, stdout, stderr io.Writer) int {
	code := -1
	parser, err := kong.New(&commands{},
		kong.Name("resourcepool"), kong.Description("A bank for LLM API keys."), kong.UsageOnError(),
		kong.Writers(stdout, stderr), kong.Exit(func(c int) { code = c }))
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "resourcepool:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if code >= 0 { // kong answered --help itself
		return code
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "resourcepool:", err)
		return 2
	}
	if err := parsed.Run(&environment{ctx: ctx, variables: variables, stdin: os.Stdin, stdout: stdout, stderr: stderr}); err != nil {
		_, _ = fmt.Fprintln(stderr, "resourcepool:", err)
		return 1
	}
	return 0
}

// settings reads the environment and says what in it has no meaning.
func (e *environment) settings() (config.Config, *slog.Logger, error) {
	log := slog.New(slog.NewTextHandler(e.stderr, nil))
	cfg, warnings, err := config.Load(e.variables)
	for _, w := range warnings {
		log.Warn(w)
	}
	return cfg, log, err
}

// serverSettings are those that a server can run with.
func (e *environment) serverSettings() (config.Config, *slog.Logger, error) {
	cfg, log, err := e.settings()
	return cfg, log, errors.Join(err, cfg.Serves())
}

type serveCommand struct{}

// Run serves until a signal comes.
func (serveCommand) Run(e *environment) error {
	cfg, log, err := e.serverSettings()
	if err != nil {
		return err
	}
	return Run(e.ctx, Options{Config: cfg, Log: log, Rand: rand.Reader, Clock: clock.System})
}

type demoCommand struct{}

// Run serves the demo until a signal comes.
func (demoCommand) Run(e *environment) error {
	cfg, log, err := e.serverSettings()
	if err != nil {
		return err
	}
	return runDemo(e.ctx, cfg, log, e.stdout)
}

type migrateCommand struct{}

// Run migrates and ends.
func (migrateCommand) Run(e *environment) error {
	cfg, log, err := e.settings()
	if err != nil {
		return err
	}
	db, err := openDatabase(e.ctx, cfg, log)
	if err != nil {
		return err
	}
	defer db.close()
	if err := db.migrate(e.ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.stdout, "the database is up to date")
	return err
}

type sandboxCommand struct {
	sandbox.Options
}

// Run serves the sandbox until a signal comes.
func (c *sandboxCommand) Run(e *environment) error {
	o := c.Options
	o.Log = slog.New(slog.NewTextHandler(e.stderr, nil))
	s, err := sandbox.New(o)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(e.stdout, "sandbox provider on http://%s/v1\n", o.Listen)
	return s.ListenAndServe(e.ctx, o.Listen)
}

// Version is set by the build.
var Version = ""

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(e *environment) error {
	v := Version
	if info, ok := debug.ReadBuildInfo(); ok && v == "" {
		v = info.Main.Version
	}
	_, err := fmt.Fprintln(e.stdout, "resourcepool", v)
	return err
}

type healthcheckCommand struct{}

// Run ends with an error where the server is not ready.
func (healthcheckCommand) Run(e *environment) error {
	cfg, _, err := e.settings()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(e.ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+cfg.Local()+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return errors.New("the server is not ready: " + resp.Status)
	}
	return nil
}
