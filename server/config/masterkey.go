package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const keptMasterKey = "master.key"

// MasterKey returns the 32 bytes that wrap every deposited key, unless a KeyService has them: POOL_MASTER_KEY, what is in
// POOL_MASTER_KEY_FILE, else what is kept in the data folder, made from random at the first call. Losing that file means
// losing the deposited keys.
func (c Config) MasterKey(random io.Reader) ([]byte, error) {
	if !c.masterKey.Empty() {
		return []byte(c.masterKey.Reveal()), nil
	}
	if c.masterKeyFile != "" {
		return privateKey("POOL_MASTER_KEY_FILE", c.masterKeyFile)
	}
	name, text, err := c.keptKey("POOL_MASTER_KEY", keptMasterKey, func() (string, error) {
		key := make([]byte, masterKeySize)
		_, err := io.ReadFull(random, key)
		return base64.StdEncoding.EncodeToString(key), err
	})
	if err != nil {
		return nil, err
	}
	key, err := masterKey(text)
	if err != nil {
		return nil, fmt.Errorf("config: %s is damaged: it %w", name, err)
	}
	return []byte(key.Reveal()), nil
}

// keptKey returns what the file of a key in the data folder has, which is made where it is not there. The setting is the one
// that would have given the key.
func (c Config) keptKey(setting, file string, generate func() (string, error)) (name, text string, err error) {
	name = filepath.Join(c.DataDir, file)
	if err := c.makeKey(name, generate); err != nil {
		return "", "", fmt.Errorf("config: %s is not set, and none could be kept: %w", setting, err)
	}
	if text, err = readPrivate(name); err != nil {
		return "", "", fmt.Errorf("config: %w", err)
	}
	return name, text, nil
}

// makeKey writes a new key unless there is one. The file appears whole, and of programs that start at once the first one's
// stays.
func (c Config) makeKey(name string, generate func() (string, error)) (err error) {
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return err
	}
	key, err := generate()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(c.DataDir, filepath.Base(name)+".*") // made with 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = fmt.Fprintln(f, key)
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
