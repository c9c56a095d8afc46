// Package message is how a worker is asked and answers over standard input and output: the length of the whole, then
// blobs, each with its own length before it; the first blob is JSON.
package message

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

const maxMessage = 256 << 20

var errMessage = errors.New("this is no message")

func read(in *bufio.Reader) ([][]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return nil, err
	}
	whole := binary.BigEndian.Uint32(size[:])
	if whole > maxMessage {
		return nil, errors.New("the request is too large")
	}
	left := make([]byte, whole)
	if _, err := io.ReadFull(in, left); err != nil {
		return nil, Unexpected(err)
	}
	var blobs [][]byte
	for len(left) > 0 {
		if len(left) < 4 {
			return nil, errMessage
		}
		length := uint64(binary.BigEndian.Uint32(left))
		if length > uint64(len(left)-4) {
			return nil, errMessage
		}
		blobs, left = append(blobs, left[4:4+length]), left[4+length:]
	}
	return blobs, nil
}

// Unexpected is the end of the input where more of it was to come.
func Unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func write(out *bufio.Writer, blobs [][]byte) error {
	whole := 0
	for _, blob := range blobs {
		whole += 4 + len(blob)
	}
	writeNumber(out, whole)
	for _, blob := range blobs {
		writeNumber(out, len(blob))
		out.Write(blob)
	}
	return out.Flush() // tells of what failed before, too
}

func writeNumber(out *bufio.Writer, number int) {
	var bytes [4]byte
	binary.BigEndian.PutUint32(bytes[:], uint32(number))
	out.Write(bytes[:])
}
