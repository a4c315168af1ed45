"""One spelling for one value: phones, e-mail addresses, devices and the like as banks write them, and what is no value.

`kinds` says by its name what a column holds, `cells` takes several values out of one cell; `forms`, `phones` and
`emails` write values in one way; `placeholders` knows what stands for nothing by its form, `suspected` by who carries
it; `one_spelling` does it all for a customers table.
"""
