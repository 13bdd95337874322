
+)'
abc iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii