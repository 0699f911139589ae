package acceptance

import (
	"bufio"
	"bytes"
	endian "encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// wire stands between programs and their Postgres and reads along, so that a test can act at a named point of a batch: no
// program needs a hook for that. It knows a batch by the ids it is about, not by its statements.
type wire struct {
	url string // of the database, as programs behind the wire reach it

	mu       sync.Mutex
	network  string // of Postgres
	address  string
	sessions map[*session]struct{}
	paused   chan struct{} // nil, or closed when traffic goes on
	watch    func(moment) verdict
}

// stage is how far the transaction of a batch is.
type stage int

const (
	opened       stage = iota // the first statement that names its subject is about to be passed on
	committing                // COMMIT is about to be passed on
	committed                 // Postgres has committed, its answer is about to be passed on
	acknowledged              // the answer was passed on
)

// subject is what a batch is about.
type subject int

const (
	lease      subject = iota // nothing but the server's own lease
	hold                      // takes, moves or releases holds without a row in the usage log
	settlement                // resolves a hold and logs the request
)

type moment struct {
	at    stage
	about subject
}

type verdict int

const (
	pass verdict = iota
	cut          // both ends of the connection are closed
)

// newWire listens for programs that want the Postgres at address.
func newWire(t testing.TB, address string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{sessions: map[*session]struct{}{}}
	u := w.leadTo(t, address)
	u.Host = l.Addr().String()
	u.RawQuery = url.Values{"sslmode": {"disable"}}.Encode()
	w.url = u.String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.serve(c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		w.cutAll()
	})
	return w
}

// leadTo has new connections go to the Postgres at address from now on.
func (w *wire) leadTo(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.network, w.address = "tcp", u.Host
	if dir := u.Query().Get("host"); dir != "" {
		w.network, w.address = "unix", filepath.Join(dir, ".s.PGSQL."+u.Query().Get("port"))
	}
	return u
}

// onMoment has f judge every moment of every batch; nil lets all pass.
func (w *wire) onMoment(f func(moment) verdict) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watch = f
}

// pause stops all traffic, resume lets it go on.
func (w *wire) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.paused == nil {
		w.paused = make(chan struct{})
	}
}

func (w *wire) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.paused != nil {
		close(w.paused)
		w.paused = nil
	}
}

// cutAll closes all connections.
func (w *wire) cutAll() {
	w.resume()
	w.mu.Lock()
	defer w.mu.Unlock()
	for s := range w.sessions {
		s.close()
	}
}

// session is one connection of a program.
type session struct {
	w                *wire
	program, postgre net.Conn

	mu     sync.Mutex
	writer bool // it commits batches
	about  subject
	ending bool // COMMIT was passed on
}

func (w *wire) serve(program net.Conn) {
	w.mu.Lock()
	network, address := w.network, w.address
	w.mu.Unlock()
	postgre, err := net.Dial(network, address)
	if err != nil {
		_ = program.Close()
		return
	}
	s := &session{w: w, program: program, postgre: postgre}
	w.mu.Lock()
	w.sessions[s] = struct{}{}
	w.mu.Unlock()
	var pumps sync.WaitGroup
	pumps.Go(func() {
		defer s.close()
		s.fromProgram()
	})
	pumps.Go(func() {
		defer s.close()
		s.fromPostgres()
	})
	pumps.Wait()
	w.mu.Lock()
	delete(w.sessions, s)
	w.mu.Unlock()
}

func (s *session) close() {
	_ = s.program.Close()
	_ = s.postgre.Close()
}

// judge asks the test; it also waits while traffic is paused.
func (s *session) judge(at stage) verdict {
	s.mu.Lock()
	m, writer := moment{at, s.about}, s.writer
	s.mu.Unlock()
	s.w.mu.Lock()
	watch := s.w.watch
	s.w.mu.Unlock()
	if watch == nil || !writer || m.about == lease {
		return pass
	}
	return watch(m)
}

func (s *session) wait() {
	s.w.mu.Lock()
	paused := s.w.paused
	s.w.mu.Unlock()
	if paused != nil {
		<-paused
	}
}

// frame is a message of the protocol as it stands on the wire: its type, its length, its body.
type frame []byte

func (f frame) body() []byte { return f[5:] }

func readFrame(r *bufio.Reader) (frame, error) {
	head, err := r.Peek(5)
	if err != nil {
		return nil, err
	}
	n := endian.BigEndian.Uint32(head[1:])
	if n < 4 || n > 1<<30 {
		return nil, errors.New("not a message of Postgres")
	}
	f := make(frame, 1+n)
	_, err = io.ReadFull(r, f)
	return f, err
}

// readStartup reads the first packet, which has no type.
func readStartup(r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(4)
	if err != nil {
		return nil, err
	}
	n := endian.BigEndian.Uint32(head)
	if n < 8 || n > 1<<16 {
		return nil, errors.New("not a start of Postgres")
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return b, err
}

// pump passes frames on, flushing when nothing more is there; each is called before, and may end it.
func (s *session) pump(r *bufio.Reader, to net.Conn, before func(frame) verdict, after func(frame) verdict) {
	out := bufio.NewWriter(to)
	for {
		f, err := readFrame(r)
		if err != nil {
			return
		}
		s.wait()
		if before(f) == cut {
			return
		}
		if _, err := out.Write(f); err != nil {
			return
		}
		if r.Buffered() == 0 || f[0] == 'Z' {
			if out.Flush() != nil {
				return
			}
		}
		if after(f) == cut {
			return
		}
	}
}

func passed(frame) verdict { return pass }

func (s *session) fromProgram() {
	r := bufio.NewReaderSize(s.program, 1<<16)
	start, err := readStartup(r)
	if err != nil {
		return
	}
	if _, err := s.postgre.Write(start); err != nil {
		return
	}
	s.pump(r, s.postgre, func(f frame) verdict {
		if s.note(f) && s.judge(opened) == cut {
			return cut
		}
		if !isCommit(f) {
			return pass
		}
		if s.judge(committing) == cut {
			return cut
		}
		s.mu.Lock()
		s.ending = true
		s.mu.Unlock()
		return pass
	}, passed)
}

// Ids tell what a batch is about, however its statements are written.
var (
	batchID = regexp.MustCompile(`bat_[0-9a-z]{26}`)
	holdID  = regexp.MustCompile(`hld_[0-9a-z]{26}`)
	usageID = regexp.MustCompile(`use_[0-9a-z]{26}`)
)

// note learns from a message of the program what its transaction is about; it is true where that is more than before.
func (s *session) note(f frame) bool {
	if f[0] != 'B' && f[0] != 'Q' {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writer = s.writer || batchID.Match(f.body())
	if !s.writer {
		return false
	}
	about := s.about
	switch {
	case usageID.Match(f.body()):
		about = max(about, settlement)
	case holdID.Match(f.body()):
		about = max(about, hold)
	}
	more := about > s.about
	s.about = about
	return more
}

// isCommit finds COMMIT as a query of its own and as the last one of a query or of a pipeline.
func isCommit(f frame) bool {
	var text []byte
	switch f[0] {
	case 'Q':
		text = f.body()
	case 'P':
		_, text, _ = bytes.Cut(f.body(), []byte{0})
		text, _, _ = bytes.Cut(text, []byte{0})
	default:
		return false
	}
	return bytes.HasSuffix(bytes.ToUpper(bytes.TrimRight(text, "\x00; \t\r\n")), []byte("COMMIT"))
}

func (s *session) fromPostgres() {
	r := bufio.NewReaderSize(s.postgre, 1<<16)
	s.pump(r, s.program, func(f frame) verdict {
		if f[0] == 'C' && bytes.HasPrefix(f.body(), []byte("COMMIT")) && s.ended() {
			return s.judge(committed)
		}
		return pass
	}, func(f frame) verdict {
		if f[0] != 'Z' || f.body()[0] != 'I' {
			return pass
		}
		v := pass
		if s.ended() {
			v = s.judge(acknowledged)
		}
		s.mu.Lock()
		s.about, s.ending = lease, false
		s.mu.Unlock()
		return v
	})
}

func (s *session) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending
}
