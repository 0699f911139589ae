package main

var accessRights []control
