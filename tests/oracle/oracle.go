// Oracle checks what our library makes, and makes what our library must accept, with the Go project's own
// implementation of notes and transparency logs (golang.org/x/mod/sumdb), which shares no code with ours.
//
//	oracle check    reads a JSON list of cases, answers with a list of reasons ("" where a case is accepted)
//	oracle produce  writes a JSON list of good cases
//
// What golang.org/x/mod does not know (cosignatures, bundles, the proof's file) is written here from the C2SP texts.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Case is one thing to be accepted or refused; which fields count depends on Check.
type Case struct {
	Name   string            `json:"name"`
	Check  string            `json:"check"`
	Note   []byte            `json:"note,omitempty"`
	Keys   []string          `json:"keys,omitempty"`
	Origin string            `json:"origin,omitempty"`
	Size   int64             `json:"size,omitempty"`
	Root   []byte            `json:"root,omitempty"`
	Old    int64             `json:"old,omitempty"`
	OldRt  []byte            `json:"old_root,omitempty"`
	Index  int64             `json:"index,omitempty"`
	Leaf   []byte            `json:"leaf,omitempty"`
	Proof  [][]byte          `json:"proof,omitempty"`
	Files  map[string][]byte `json:"files,omitempty"`
	Entry  []byte            `json:"entry,omitempty"`
	Text   []byte            `json:"text,omitempty"`
}

func main() {
	if len(os.Args) != 2 {
		fail(errors.New("say check or produce"))
	}
	switch os.Args[1] {
	case "check":
		var cases []Case
		decoder := json.NewDecoder(os.Stdin)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&cases); err != nil {
			fail(err)
		}
		reasons := make([]string, len(cases))
		for i, each := range cases {
			if err := check(each); err != nil {
				reasons[i] = err.Error()
			}
		}
		write(reasons)
	case "produce":
		write(produce())
	default:
		fail(errors.New("say check or produce"))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func write(value any) {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(value); err != nil {
		fail(err)
	}
}

func check(c Case) error {
	switch c.Check {
	case "note":
		_, err := openNote(c.Note, c.Keys)
		return err
	case "checkpoint":
		return checkCheckpoint(c)
	case "inclusion":
		return checkInclusion(c)
	case "consistency":
		return checkConsistency(c)
	case "tiles":
		return checkTiles(c)
	case "bundle":
		return checkBundle(c)
	case "proof":
		return checkProof(c)
	}
	return errors.New("an unknown check")
}

// openNote accepts a note that all of the keys have signed.
func openNote(msg []byte, keys []string) (*note.Note, error) {
	var verifiers []note.Verifier
	for _, key := range keys {
		verifier, err := newVerifier(key)
		if err != nil {
			return nil, err
		}
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open(msg, note.VerifierList(verifiers...))
	if err != nil {
		return nil, err
	}
	for _, verifier := range verifiers {
		found := false
		for _, sig := range opened.Sigs {
			found = found || (sig.Name == verifier.Name() && sig.Hash == verifier.KeyHash())
		}
		if !found {
			return nil, fmt.Errorf("%s has not signed", verifier.Name())
		}
	}
	return opened, nil
}

func newVerifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) == 3 {
		if key, err := base64.StdEncoding.Strict().DecodeString(parts[2]); err == nil && len(key) == 33 && key[0] == 4 {
			hash := keyHash(parts[0], key)
			if fmt.Sprintf("%08x", hash) != parts[1] {
				return nil, errors.New("the key's id is another one's")
			}
			return &cosigner{parts[0], hash, key[1:]}, nil
		}
	}
	return note.NewVerifier(vkey)
}

func keyHash(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// cosigner verifies cosignatures of type 04 (C2SP tlog-cosignature).
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }
func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 72 || sig[0] > 127 {
		return false
	}
	return ed25519.Verify(c.key, cosigned(binary.BigEndian.Uint64(sig), msg), sig[8:])
}

func cosigned(time uint64, msg []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", time)), msg...)
}

const treeLine = "go.sum database tree\n"

// parseCheckpoint reads a checkpoint's text with the Go project's reader of tree heads, whose first line is fixed.
func parseCheckpoint(text, origin string) (tlog.Tree, error) {
	rest := strings.TrimPrefix(text, origin+"\n")
	if rest == text {
		return tlog.Tree{}, errors.New("the checkpoint has another origin")
	}
	if strings.Count(rest, "\n") != 2 {
		return tlog.Tree{}, errors.New("the checkpoint has other lines")
	}
	return tlog.ParseTree([]byte(treeLine + rest))
}

func checkCheckpoint(c Case) error {
	opened, err := openNote(c.Note, c.Keys)
	if err != nil {
		return err
	}
	tree, err := parseCheckpoint(opened.Text, c.Origin)
	if err != nil {
		return err
	}
	if tree.N != c.Size || !bytes.Equal(tree.Hash[:], c.Root) {
		return errors.New("the checkpoint has another size or root")
	}
	return nil
}

func hashOf(data []byte) (tlog.Hash, error) {
	var hash tlog.Hash
	if len(data) != tlog.HashSize {
		return hash, errors.New("a hash has 32 bytes")
	}
	copy(hash[:], data)
	return hash, nil
}

func hashesOf(list [][]byte) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(list))
	for i, each := range list {
		hash, err := hashOf(each)
		if err != nil {
			return nil, err
		}
		hashes[i] = hash
	}
	return hashes, nil
}

func checkInclusion(c Case) error {
	list, err := hashesOf(append([][]byte{c.Leaf, c.Root}, c.Proof...))
	if err != nil {
		return err
	}
	return tlog.CheckRecord(list[2:], c.Size, list[1], c.Index, list[0])
}

func checkConsistency(c Case) error {
	list, err := hashesOf(append([][]byte{c.OldRt, c.Root}, c.Proof...))
	if err != nil {
		return err
	}
	return tlog.CheckTree(list[2:], c.Size, list[1], c.Old, list[0])
}

// files gives the Go project's reader our tiles; its paths name the height (8), ours don't.
type files map[string][]byte

func (f files) Height() int { return 8 }
func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var list [][]byte
	for _, tile := range tiles {
		data, ok := f[strings.Replace(tile.Path(), "tile/8/", "tile/", 1)]
		if !ok {
			return nil, fmt.Errorf("%s is missing", tile.Path())
		}
		list = append(list, data)
	}
	return list, nil
}
func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

// checkTiles accepts tiles from which the leaf at Index can be read and proved, all of their paths being well written.
func checkTiles(c Case) error {
	for path := range c.Files {
		tile, err := tlog.ParseTilePath(strings.Replace(path, "tile/", "tile/8/", 1))
		if err != nil {
			return err
		}
		if len(c.Files[path]) != tile.W*tlog.HashSize {
			return errors.New("a tile has another width than its path says")
		}
	}
	list, err := hashesOf([][]byte{c.Leaf, c.Root})
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: list[1]}, files(c.Files))
	read, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, c.Index)})
	if err != nil {
		return err
	}
	if read[0] != list[0] {
		return errors.New("the tiles hold another leaf")
	}
	proof, err := tlog.ProveRecord(c.Size, c.Index, reader)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, c.Size, list[1], c.Index, list[0])
}

// checkBundle accepts a bundle of Size entries of which the one at Index is Entry.
func checkBundle(c Case) error {
	entries, err := readBundle(c.Text)
	if err != nil {
		return err
	}
	if int64(len(entries)) != c.Size || c.Index >= c.Size || !bytes.Equal(entries[c.Index], c.Entry) {
		return errors.New("the bundle holds other entries")
	}
	return nil
}

func readBundle(data []byte) ([][]byte, error) {
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, errors.New("half a length")
		}
		length := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+length {
			return nil, errors.New("half an entry")
		}
		entries, data = append(entries, data[2:2+length]), data[2+length:]
	}
	if len(entries) == 0 || len(entries) > 256 {
		return nil, errors.New("a bundle holds 1 to 256 entries")
	}
	return entries, nil
}

// checkProof accepts a proof's file (C2SP tlog-proof) for Entry.
func checkProof(c Case) error {
	head, signed, ok := strings.Cut(string(c.Text), "\n\n")
	if !ok {
		return errors.New("there is no blank line")
	}
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("the first line is another")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		if _, err := strictBase64(strings.TrimPrefix(lines[0], "extra ")); err != nil {
			return err
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return errors.New("there is no index")
	}
	number := strings.TrimPrefix(lines[0], "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if err != nil || strconv.FormatInt(index, 10) != number {
		return errors.New("the index is malformed")
	}
	var proof [][]byte
	for _, line := range lines[1:] {
		hash, err := strictBase64(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	opened, err := openNote([]byte(signed), c.Keys)
	if err != nil {
		return err
	}
	tree, err := parseCheckpoint(opened.Text, c.Origin)
	if err != nil {
		return err
	}
	list, err := hashesOf(proof)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(list, tree.N, tree.Hash, index, tlog.RecordHash(c.Entry))
}

func strictBase64(text string) ([]byte, error) {
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(data) != text {
		return nil, errors.New("base64 is malformed")
	}
	return data, nil
}
