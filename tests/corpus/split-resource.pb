
K


service.name
shop
	

k$"
*good