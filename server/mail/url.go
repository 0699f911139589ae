package mail

import (
	"encoding/json"
	"errors"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
)

const timeout = 30 * time.Second

var errURL = errors.New("must be of the form smtp://user:password@host:587?from=pool@example.org, or smtps://… where TLS comes first; without from the user is the sender")

// Server is a mail server and the sender that it knows us by.
type Server struct {
	host     string
	port     int
	implicit bool // TLS from the first byte, else STARTTLS
	user     string
	password string
	from     mail.Address
}

// ParseURL reads smtp://user:password@host:port?from=…, or smtps. STARTTLS is required but on the loopback. No error
// repeats the text.
func ParseURL(text string) (*Server, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" {
		return nil, errURL
	}
	s := &Server{host: u.Hostname(), port: gomail.DefaultPortTLS, implicit: u.Scheme == "smtps", user: u.User.Username()}
	s.password, _ = u.User.Password()
	if s.implicit {
		s.port = gomail.DefaultPortSSL
	}
	if port := u.Port(); port != "" {
		if s.port, err = strconv.Atoi(port); err != nil || s.port < 1 || s.port > 65535 {
			return nil, errURL
		}
	}
	from := u.Query().Get("from")
	if from == "" {
		from = s.user
	}
	address, err := mail.ParseAddress(from)
	if err != nil {
		return nil, errURL
	}
	s.from = *address
	return s, nil
}

// Host is where the mail server is, without what signs in to it.
func (s *Server) Host() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

// String, GoString and MarshalJSON tell no more than Host does.
func (s *Server) String() string { return s.Host() }

// GoString is for %#v.
func (s *Server) GoString() string { return s.Host() }

// MarshalJSON is for what is logged as JSON.
func (s *Server) MarshalJSON() ([]byte, error) { return json.Marshal(s.Host()) }

func (s *Server) loopback() bool {
	ip, err := netip.ParseAddr(s.host)
	return s.host == "localhost" || err == nil && ip.IsLoopback()
}

func (s *Server) client() (*gomail.Client, error) {
	options := []gomail.Option{gomail.WithPort(s.port), gomail.WithTimeout(timeout), gomail.WithTLSPolicy(gomail.TLSMandatory)}
	switch {
	case s.implicit:
		options = append(options, gomail.WithSSL())
	case s.loopback():
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.user != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.user), gomail.WithPassword(s.password))
	}
	return gomail.NewClient(s.host, options...)
}
