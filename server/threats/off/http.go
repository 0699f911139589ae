package main

var overHTTP []control
