// The peers' work with net/http, pgx and shopspring's decimal: an account and the depth of its
// assets in, its health, liquidation price, liquidation and penalty out, recorded in PostgreSQL first.
//
// usage: go-peer PORT CONNECTION MARKET.json; ends with its standard input.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/jackc/pgx/v4/pgxpool"
)

const (
	bodyBytesMax = 1 << 20
	insert       = "INSERT INTO decisions (record) VALUES ($1) RETURNING id"
)

type server struct {
	market Market
	pool   *pgxpool.Pool
}

func refuse(writer http.ResponseWriter, status int, detail string) {
	writer.Header().Set("Content-Type", "application/problem+json")
	writer.WriteHeader(status)
	json.NewEncoder(writer).Encode(map[string]interface{}{"status": status, "detail": detail})
}

// One JSON value of this shape, and nothing after it.
func read(body io.Reader, into interface{}) error {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("something follows the value")
	}
	return nil
}

// What is recorded: whose account it is and what was said, but not the depth, which is most of it.
type record struct {
	Account *Account `json:"account"`
	Answer  *Answer  `json:"answer"`
}

func (server *server) penalties(writer http.ResponseWriter, request *http.Request) {
	var question Question
	if request.Method != http.MethodPost {
		refuse(writer, http.StatusMethodNotAllowed, "only POST")
		return
	}
	if err := read(http.MaxBytesReader(writer, request.Body, bodyBytesMax), &question); err != nil {
		refuse(writer, http.StatusBadRequest, err.Error())
		return
	}
	if err := question.checkShape(); err != nil {
		refuse(writer, http.StatusBadRequest, err.Error())
		return
	}
	answer, err := compute(&server.market, &question)
	if err != nil {
		refuse(writer, http.StatusUnprocessableEntity, err.Error())
		return
	}
	text, err := json.Marshal(record{&question.Account, answer})
	if err != nil {
		refuse(writer, http.StatusInternalServerError, err.Error())
		return
	}
	err = server.pool.QueryRow(request.Context(), insert, string(text)).Scan(&answer.Decision)
	if err != nil {
		refuse(writer, http.StatusServiceUnavailable, err.Error())
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	writer.Header().Set("Location", fmt.Sprintf("/v1/decisions/%d", answer.Decision))
	writer.WriteHeader(http.StatusCreated)
	json.NewEncoder(writer).Encode(answer)
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: go-peer PORT CONNECTION MARKET.json")
	}
	file, err := os.Open(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	var server server
	if err := json.NewDecoder(file).Decode(&server.market); err != nil {
		log.Fatal(err)
	}
	// pgx prepares each statement once a connection and keeps it.
	if server.pool, err = pgxpool.Connect(context.Background(), os.Args[2]); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/v1/penalties", server.penalties)
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, nil)) }()
	io.Copy(io.Discard, os.Stdin)
}
