# 10,000 keys into a table of 16,384 places, and 200,000 look-ups, one in two in vain.
work:
	la	s1, places
	li	t0, 16384
	mv	t1, s1
clear:
	sw	zero, 0(t1)
	addi	t1, t1, 4
	addi	t0, t0, -1
	bnez	t0, clear
	li	s2, 2654435769
	li	s3, 16383
	li	a0, 0
	li	s4, 1			# the key
	li	s5, 10001
insert:
	mul	t0, s4, s2
	srli	t0, t0, 18
probe:
	slli	t1, t0, 2
	add	t1, s1, t1
	lw	t2, 0(t1)
	beqz	t2, empty
	addi	t0, t0, 1
	and	t0, t0, s3
	addi	a0, a0, 1
	j	probe
empty:
	sw	s4, 0(t1)
	addi	s4, s4, 1
	bne	s4, s5, insert
	li	s5, 2463534242
	li	s6, 200000
	li	s7, 20000
look:
	slli	t0, s5, 13
	xor	s5, s5, t0
	srli	t0, s5, 17
	xor	s5, s5, t0
	slli	t0, s5, 5
	xor	s5, s5, t0
	remu	s4, s5, s7
	addi	s4, s4, 1
	mul	t0, s4, s2
	srli	t0, t0, 18
search:
	slli	t1, t0, 2
	add	t1, s1, t1
	lw	t2, 0(t1)
	beq	t2, s4, found
	beqz	t2, missing
	addi	t0, t0, 1
	and	t0, t0, s3
	addi	a0, a0, 1
	j	search
found:
	slli	t1, a0, 5
	sub	a0, t1, a0
	add	a0, a0, s4
missing:
	addi	s6, s6, -1
	bnez	s6, look
	ret

	.data
places:	.zero	65536
