package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/resourcepool/resourcepool/server/keyservice"
)

// masterKeySources are the settings that a master key can come from. Without any it is kept in the data folder.
var masterKeySources = []string{"POOL_MASTER_KEY", "POOL_MASTER_KEY_FILE", "POOL_MASTER_KEY_URL"}

// oneMasterKey refuses several sources, of which nobody could tell which one counts.
func oneMasterKey(given map[string]string) error {
	var set []string
	for _, name := range masterKeySources {
		if given[name] != "" {
			set = append(set, name)
		}
	}
	switch {
	case len(set) > 1:
		return fmt.Errorf("%s: set one of %s", set[len(set)-1], strings.Join(set, " and "))
	case given["POOL_MASTER_KEY_URL"] != "" && given["POOL_MASTER_KEY_TOKEN_FILE"] == "":
		return errors.New("POOL_MASTER_KEY_TOKEN_FILE: required with POOL_MASTER_KEY_URL")
	}
	return nil
}

// KeyService is where the master key is wrapped, nil where POOL_MASTER_KEY_URL is not set.
func (c Config) KeyService() (*keyservice.Transit, error) {
	if c.masterKeyURL == "" {
		return nil, nil //nolint:nilnil // "there is none" is no error
	}
	return c.keyServiceAt("POOL_MASTER_KEY_URL", c.masterKeyURL)
}

func (c Config) keyServiceAt(name, address string) (*keyservice.Transit, error) {
	t, err := keyservice.NewTransit(address, c.masterKeyTokenFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// NewKey is what a master key is rotated to: a key service, or a key that is given.
type NewKey struct {
	Service *keyservice.Transit // nil where Key counts
	Key     []byte
}

// NewMasterKey returns what to rotate to: the key in a file, of the key service at an address, or of POOL_NEW_MASTER_KEY,
// whichever is given; else another one of the service that the master key comes from already.
func (c Config) NewMasterKey(file, address string) (NewKey, error) {
	given := 0
	for _, v := range []string{file, address, c.newMasterKey.Reveal()} {
		if v != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return NewKey{}, errors.New("give the new master key once: --new-key-file, --new-key-url or POOL_NEW_MASTER_KEY")
	case file != "":
		key, err := privateKey("--new-key-file", file)
		return NewKey{Key: key}, err
	case !c.newMasterKey.Empty():
		return NewKey{Key: []byte(c.newMasterKey.Reveal())}, nil
	case address == "" && c.masterKeyURL == "":
		return NewKey{}, errors.New("the new master key is missing: --new-key-file, --new-key-url or POOL_NEW_MASTER_KEY; make one with: openssl rand -base64 32")
	case address == "":
		address = c.masterKeyURL
	case c.masterKeyTokenFile == "":
		return NewKey{}, errors.New("POOL_MASTER_KEY_TOKEN_FILE: required with --new-key-url")
	}
	s, err := c.keyServiceAt("--new-key-url", address)
	return NewKey{Service: s}, err
}

// privateKey reads a master key out of a file that nobody else can read. setting is what named the file.
func privateKey(setting, name string) ([]byte, error) {
	text, err := readPrivate(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	key, err := masterKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: what is in %s %w", setting, name, err)
	}
	return []byte(key.Reveal()), nil
}

// readPrivate reads a file that nobody else can read.
func readPrivate(name string) (string, error) {
	st, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if st.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s can be read by others; make it private with: chmod 600 %s", name, name)
	}
	raw, err := os.ReadFile(name)
	return strings.TrimSpace(string(raw)), err
}
