package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const masterKeyFile = "master.key"

// MasterKey returns the 32 bytes that wrap every deposited key: POOL_MASTER_KEY, else what is kept in the data folder,
// made from random at the first call. Losing that file means losing the deposited keys.
func (c Config) MasterKey(random io.Reader) ([]byte, error) {
	if !c.masterKey.Empty() {
		return []byte(c.masterKey.Reveal()), nil
	}
	name := filepath.Join(c.DataDir, masterKeyFile)
	if err := c.makeMasterKey(name, random); err != nil {
		return nil, fmt.Errorf("config: POOL_MASTER_KEY is not set, and none could be kept: %w", err)
	}
	st, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("config: %s can be read by others; make it private with: chmod 600 %s", name, name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	key, err := masterKey(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("config: %s is damaged: it %w", name, err)
	}
	return []byte(key.Reveal()), nil
}

// makeMasterKey writes a new key unless there is one. The file appears whole, and of programs that start at once the first
// one's stays.
func (c Config) makeMasterKey(name string, random io.Reader) (err error) {
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return err
	}
	key := make([]byte, masterKeySize)
	if _, err := io.ReadFull(random, key); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.DataDir, masterKeyFile+".*") // made with 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = fmt.Fprintln(f, base64.StdEncoding.EncodeToString(key))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), name); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncFolder(c.DataDir)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
