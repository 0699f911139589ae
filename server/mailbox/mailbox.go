// Package mailbox is a mail server that keeps what it is sent, for the demo and for tests: it takes any mail over SMTP on a
// loopback address and shows it on a page. Nothing leaves it. Imports: nothing of ours.
package mailbox

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/sync/errgroup"
)

const (
	maxMails = 200
	maxSize  = 1 << 20
	timeout  = 10 * time.Second
)

//go:embed mailbox.html
var files embed.FS

// Mail is a mail that came.
type Mail struct {
	To      []string `json:"to"`
	From    string   `json:"from"`
	Subject string   `json:"subject"`
	Date    string   `json:"date"`
	Text    string   `json:"text"`
}

var link = regexp.MustCompile(`https?://\S+`)

// Links are the addresses in the text.
func (m Mail) Links() []string { return link.FindAllString(m.Text, -1) }

// Mailbox keeps the last mails. The zero value is empty and ready.
type Mailbox struct {
	mu    sync.Mutex
	mails []Mail // the oldest first
}

// All returns the mails, the newest first.
func (b *Mailbox) All() []Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := slices.Clone(b.mails)
	slices.Reverse(out)
	return out
}

func (b *Mailbox) add(m Mail) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mails = append(b.mails, m); len(b.mails) > maxMails {
		b.mails = slices.Delete(b.mails, 0, len(b.mails)-maxMails)
	}
}

// Serve takes mails on one listener and shows them on the other, until ctx ends.
func (b *Mailbox) Serve(ctx context.Context, mails, pages net.Listener) error {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{box: b}, nil }))
	server.Domain, server.MaxMessageBytes, server.ReadTimeout, server.WriteTimeout = "localhost", maxSize, timeout, timeout
	web := &http.Server{Handler: b, ReadHeaderTimeout: timeout}
	both, ended := errgroup.WithContext(ctx)
	both.Go(func() error { return server.Serve(mails) })
	both.Go(func() error { return web.Serve(pages) })
	<-ended.Done()
	_, _ = server.Close(), web.Close()
	if err := both.Wait(); ctx.Err() == nil {
		return err
	}
	return nil // they were told to end
}

var page = template.Must(template.ParseFS(files, "mailbox.html"))

// ServeHTTP shows the mails: as a page, or as JSON under /mails.json.
func (b *Mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch r.URL.Path {
	case "/mails.json":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(b.All())
	case "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		_ = page.Execute(w, b.All())
	default:
		http.NotFound(w, r)
	}
}

// session is one conversation over SMTP.
type session struct {
	box *Mailbox
	to  []string
}

func (s *session) Reset()        { s.to = nil }
func (s *session) Logout() error { return nil }

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	text, err := body(m)
	if err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		subject = m.Header.Get("Subject")
	}
	s.box.add(Mail{To: s.to, From: m.Header.Get("From"), Subject: subject, Date: m.Header.Get("Date"), Text: text})
	return nil
}

// body returns the text of a mail of one part, which all of ours are.
func body(m *mail.Message) (string, error) {
	var r io.Reader = m.Body
	switch encoding := strings.ToLower(m.Header.Get("Content-Transfer-Encoding")); encoding {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "", "7bit", "8bit":
	default:
		return "", errors.New("an encoding that is not read here: " + encoding)
	}
	text, err := io.ReadAll(r)
	return strings.ReplaceAll(string(text), "\r\n", "\n"), err
}
